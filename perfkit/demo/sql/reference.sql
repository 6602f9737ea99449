-- Staff, schools, programmes, chapters, funds and campaigns: the same few for every size of the database.

INSERT INTO alumni.staff
SELECT n,
       lower(left(e.men[n], 1) || replace(e.families[n + 10], '''', '')),
       CASE n % 2 WHEN 0 THEN e.men[n] ELSE e.women[n] END || ' ' || e.families[n + 10],
       (ARRAY['giving', 'events', 'records', 'communications'])[1 + n % 4],
       n <= 32
FROM alumni_build.cultures e, generate_series(1, 40) n
WHERE e.culture = 'english'
ORDER BY n;

CREATE TABLE alumni_build.schools (
    school_id smallint PRIMARY KEY,
    code text NOT NULL,
    name text NOT NULL,
    founded_year smallint NOT NULL,
    subject_codes text[] NOT NULL,
    subjects text[] NOT NULL,
    titles text[] NOT NULL  -- what its graduates become, lowest first
);

INSERT INTO alumni_build.schools VALUES
(1, 'ENG', 'School of Engineering', 1868, '{CSE,MEC,ELE,CIV,CHE,BIO}',
 '{Computer Science,Mechanical Engineering,Electrical Engineering,Civil Engineering,Chemical Engineering,Bioengineering}',
 '{Software Engineer,Civil Engineer,Data Analyst,Design Engineer,Senior Engineer,Engineering Manager,Director of Engineering,Chief Technology Officer,Founder}'),
(2, 'BUS', 'School of Business', 1911, '{FIN,MKT,ACC,MGT,ECO,ENT}',
 '{Finance,Marketing,Accounting,Management,Economics,Entrepreneurship}',
 '{Analyst,Accountant,Associate,Consultant,Product Manager,Brand Manager,Vice President,Chief Financial Officer,Founder}'),
(3, 'ART', 'College of Arts', 1851, '{ENG,HIS,PHI,LAN,ARH,POL}',
 '{English,History,Philosophy,Modern Languages,Art History,Political Science}',
 '{Editor,Writer,Policy Analyst,Translator,Programme Officer,Curator,Communications Director,Executive Director,Owner}'),
(4, 'SCI', 'College of Science', 1874, '{BIO,CHM,PHY,MAT,STA,GEO}',
 '{Biology,Chemistry,Physics,Mathematics,Statistics,Geology}',
 '{Research Assistant,Laboratory Technician,Statistician,Scientist,Senior Scientist,Research Manager,Research Director,Chief Scientist,Founder}'),
(5, 'MED', 'School of Medicine', 1889, '{MED,NUR,PUB,PHA,THE,DEN}',
 '{Medicine,Nursing,Public Health,Pharmacy,Physical Therapy,Dentistry}',
 '{Nurse,Resident,Pharmacist,Physician,Surgeon,Nurse Manager,Medical Director,Chief Medical Officer,Practice Owner}'),
(6, 'LAW', 'School of Law', 1902, '{LAW,TAX,INT,HUM,CRI,ENV}',
 '{Law,Tax Law,International Law,Human Rights,Criminal Justice,Environmental Law}',
 '{Paralegal,Law Clerk,Associate,Attorney,Counsel,Senior Counsel,Partner,General Counsel,Managing Partner}'),
(7, 'EDU', 'School of Education', 1921, '{ELE,SEC,SPE,ADM,COU,TEC}',
 '{Elementary Education,Secondary Education,Special Education,School Administration,Counseling,Learning Technology}',
 '{Teacher,Teaching Assistant,Counselor,Lecturer,Department Head,Vice Principal,Principal,Superintendent,Tutoring Owner}'),
(8, 'MUS', 'Conservatory of Music', 1936, '{PER,COM,THE,JAZ,REC,CON}',
 '{Performance,Composition,Theatre,Jazz Studies,Recording Arts,Conducting}',
 '{Musician,Music Teacher,Sound Engineer,Composer,Stage Manager,Producer,Music Director,Artistic Director,Studio Owner}');

INSERT INTO alumni.schools
SELECT school_id, code, name, founded_year FROM alumni_build.schools ORDER BY school_id;

-- Twelve programmes a school: six bachelor's, three master's, two doctorates and a certificate
INSERT INTO alumni.programmes
SELECT (s.school_id - 1) * 12 + n,
       s.school_id,
       s.code || '-' || d.abbreviation || '-' || s.subject_codes[d.subject],
       d.abbreviation || ' in ' || s.subjects[d.subject],
       d.level::alumni.degree_level,
       n NOT IN (6, 11)
FROM alumni_build.schools s
CROSS JOIN (VALUES
    (1, 'BS', 1, 'bachelor'), (2, 'BS', 2, 'bachelor'), (3, 'BS', 3, 'bachelor'), (4, 'BS', 4, 'bachelor'),
    (5, 'BS', 5, 'bachelor'), (6, 'BS', 6, 'bachelor'), (7, 'MS', 1, 'master'), (8, 'MS', 2, 'master'),
    (9, 'MS', 3, 'master'), (10, 'PHD', 1, 'doctorate'), (11, 'PHD', 2, 'doctorate'), (12, 'CERT', 1, 'certificate')
) d (n, abbreviation, subject, level)
ORDER BY s.school_id, n;

INSERT INTO alumni.chapters
SELECT row_number() OVER (ORDER BY area, n), cities[n] || ' Chapter', cities[n], state, country
FROM alumni_build.areas CROSS JOIN generate_series(1, 2) n
ORDER BY area, n;

INSERT INTO alumni.funds
SELECT n,
       'F' || lpad(n::text, 4, '0'),
       CASE n WHEN 1 THEN 'University Annual Fund'
              ELSE coalesce(s.name || ' ', '') || initcap(f.purpose) || ' Fund ' || n END,
       f.purpose::alumni.fund_purpose,
       s.school_id,
       n % 3 = 0,
       n <= 170
FROM generate_series(1, 200) n
CROSS JOIN LATERAL (
    SELECT (ARRAY['annual', 'scholarship', 'research', 'athletics', 'building', 'library'])[1 + (n - 1) % 6] AS purpose
) f
LEFT JOIN alumni.schools s ON s.school_id = n % 11 AND n > 1
ORDER BY n;

-- Ids that gifts compute: annual fund of fiscal year y is y - 1989, its giving day y - 1949, capital campaigns 81 to 84
INSERT INTO alumni.campaigns
SELECT y - 1989, 'AF' || y, 'Annual Fund ' || y, make_date(y - 1, 7, 1), make_date(y, 6, 30),
       size() * (8 + (y - 1990) * 0.4)
FROM generate_series(1990, 2027) y
UNION ALL
SELECT y - 1949, 'GD' || y, 'Giving Day ' || y, make_date(y, 2, 14), make_date(y, 2, 15), size() * 3
FROM generate_series(2012, 2026) y
UNION ALL
SELECT 81 + n, 'CAP' || n + 1, (ARRAY['Campaign for the Library', 'Campaign for Excellence', 'Rise Together',
                                      'The Next 150 Years'])[n + 1],
       make_date(1992 + n * 10, 7, 1), make_date(1998 + n * 10, 6, 30), size() * (5 + n * 3)
FROM generate_series(0, 3) n
ORDER BY 1;

ANALYZE alumni.staff, alumni.schools, alumni.programmes, alumni.chapters, alumni.funds, alumni.campaigns;
