-- What names and places are drawn from. A weight of 1 is a thousandth of all people.

CREATE TABLE alumni_build.cultures (
    culture text PRIMARY KEY,
    weight integer NOT NULL,
    language text NOT NULL,
    script text NOT NULL,
    women text[] NOT NULL,
    men text[] NOT NULL,
    families text[] NOT NULL,
    -- The same names in their own script, in the same order
    native_women text[],
    native_men text[],
    native_families text[]
);

INSERT INTO alumni_build.cultures VALUES
('english', 520, 'en', 'Latn',
 '{Mary,Jennifer,Elizabeth,Sarah,Emily,Jessica,Susan,Karen,Linda,Patricia,Emma,Olivia,Ashley,Amanda,Hannah,Megan,Rachel,Laura,Katherine,Anna,Grace,Abigail,Nicole,Rebecca,Margaret,Julia,Victoria,Natalie,Claire,Alice,Charlotte,Diana,Ruth,Helen,Martha,Judith,Joan,Dorothy,Frances,Rose,Evelyn,Lucy,Sophie,Madison,Brooke,Paige,Tara,Wendy,Holly,Joy}',
 '{James,Michael,John,Robert,David,William,Matthew,Christopher,Daniel,Joseph,Andrew,Thomas,Ryan,Joshua,Jacob,Ethan,Benjamin,Samuel,Nicholas,Kevin,Brian,Eric,Mark,Steven,Paul,George,Edward,Peter,Charles,Richard,Timothy,Patrick,Sean,Adam,Nathan,Henry,Jack,Luke,Owen,Caleb,Walter,Harold,Frank,Raymond,Dennis,Keith,Scott,Todd,Craig,Neil}',
 '{Smith,Johnson,Williams,Brown,Jones,Miller,Davis,Wilson,Anderson,Taylor,Thomas,Moore,Martin,Jackson,Thompson,White,Harris,Clark,Lewis,Robinson,Walker,Young,Allen,King,Wright,Scott,Hill,Green,Adams,Baker,Nelson,Carter,Mitchell,Roberts,Turner,Phillips,Campbell,Parker,Evans,Edwards,Collins,Stewart,Morris,Murphy,Cook,Rogers,Morgan,Cooper,Peterson,Reed,Bailey,Bell,Kelly,Howard,Ward,Cox,Richardson,Wood,Watson,Brooks,Bennett,Gray,Hughes,Price,Myers,Long,Foster,Sanders,Ross,Powell,Sullivan,Russell,Barnes,Fisher,Henderson,Cole,West,Jordan,Owens,Reynolds,Ellis,Hamilton,Graham,Ford,Gibson,Wallace,Woods,Marshall,McDonald,O''Brien,O''Connor,MacLeod,McCarthy,Fitzgerald,Van Dyke,St. James,Washington,Freeman,Webb,Whitfield}',
 NULL, NULL, NULL),
('hispanic', 140, 'es', 'Latn',
 '{María,Sofía,Isabella,Valentina,Camila,Lucía,Gabriela,Daniela,Mariana,Andrea,Ana,Carmen,Elena,Rosa,Teresa,Pilar,Inés,Beatriz,Mónica,Verónica}',
 '{José,Juan,Luis,Carlos,Jorge,Miguel,Alejandro,Diego,Andrés,Javier,Fernando,Rafael,Sergio,Raúl,Óscar,Héctor,Ramón,Ángel,Martín,Iván}',
 '{García,Rodríguez,Martínez,Hernández,López,González,Pérez,Sánchez,Ramírez,Torres,Flores,Rivera,Gómez,Díaz,Reyes,Morales,Cruz,Ortiz,Gutiérrez,Chávez,Ramos,Ruiz,Álvarez,Mendoza,Vásquez,Castillo,Jiménez,Moreno,Romero,Herrera,Medina,Aguilar,Garza,Castro,Vargas,Fernández,Guzmán,Muñoz,Núñez,Peña}',
 NULL, NULL, NULL),
('chinese', 90, 'zh', 'Hans',
 '{Li,Mei,Xiuying,Jing,Yan,Fang,Na,Min,Xia,Hui,Yun,Lan,Qian,Ying,Xinyi,Yuxin}',
 '{Wei,Jun,Qiang,Lei,Yang,Jie,Tao,Ming,Chao,Peng,Hao,Bin,Gang,Jian,Zihan,Yichen}',
 '{Wang,Li,Zhang,Liu,Chen,Yang,Huang,Zhao,Wu,Zhou,Xu,Sun,Ma,Zhu,Hu,Guo,He,Gao,Lin,Luo,Zheng,Liang,Xie,Tang}',
 '{丽,梅,秀英,静,艳,芳,娜,敏,霞,慧,云,兰,倩,莹,欣怡,雨欣}',
 '{伟,军,强,磊,洋,杰,涛,明,超,鹏,浩,斌,刚,健,子涵,奕辰}',
 '{王,李,张,刘,陈,杨,黄,赵,吴,周,徐,孙,马,朱,胡,郭,何,高,林,罗,郑,梁,谢,唐}'),
('indian', 70, 'hi', 'Deva',
 '{Priya,Ananya,Neha,Pooja,Kavita,Sunita,Anjali,Divya,Meera,Lakshmi,Shreya,Radha}',
 '{Rahul,Amit,Raj,Sanjay,Vikram,Arjun,Anil,Suresh,Rohan,Karan,Aditya,Vijay}',
 '{Sharma,Patel,Singh,Kumar,Gupta,Reddy,Shah,Mehta,Joshi,Iyer,Nair,Rao,Verma,Mishra,Das,Chopra}',
 '{प्रिया,अनन्या,नेहा,पूजा,कविता,सुनीता,अंजलि,दिव्या,मीरा,लक्ष्मी,श्रेया,राधा}',
 '{राहुल,अमित,राज,संजय,विक्रम,अर्जुन,अनिल,सुरेश,रोहन,करण,आदित्य,विजय}',
 '{शर्मा,पटेल,सिंह,कुमार,गुप्ता,रेड्डी,शाह,मेहता,जोशी,अय्यर,नायर,राव,वर्मा,मिश्रा,दास,चोपड़ा}'),
('german', 35, 'de', 'Latn',
 '{Ursula,Sabine,Katrin,Jürgen-Marie,Heike,Anke,Birgit,Käthe,Lena,Mia}',
 '{Jürgen,Wolfgang,Günther,Klaus,Stefan,Björn,Uwe,Lukas,Jörg,Matthias}',
 '{Müller,Schmidt,Schneider,Fischer,Weber,Schäfer,Köhler,König,Groß,Weiß,Jäger,Böhm,Kühn,Schröder,Lindström,Åkesson,Sørensen,Bjørnstad}',
 NULL, NULL, NULL),
('french', 30, 'fr', 'Latn',
 '{Hélène,Chloé,Zoé,Françoise,Élodie,Amélie,Renée,Noémie,Margaux,Inès}',
 '{François,René,Jérôme,Étienne,Benoît,Gaël,Rémi,Loïc,Théo,Hugo}',
 '{Lefèvre,Dubois,Durand,Bérénger,Gauthier,Prévost,Côté,Tremblay,Gagné,Béland,D''Aubigné,Du Pré,Çelik,Noël}',
 NULL, NULL, NULL),
('korean', 30, 'ko', 'Hang',
 '{Seo-yeon,Ji-woo,Min-seo,Ha-eun,Soo-jin,Eun-ji,Hye-jin,Yuna}',
 '{Min-jun,Seo-jun,Ji-ho,Hyun-woo,Sung-min,Dong-hyun,Young-ho,Jae-won}',
 '{Kim,Lee,Park,Choi,Jung,Kang,Cho,Yoon,Jang,Lim,Han,Shin}',
 '{서연,지우,민서,하은,수진,은지,혜진,유나}',
 '{민준,서준,지호,현우,성민,동현,영호,재원}',
 '{김,이,박,최,정,강,조,윤,장,임,한,신}'),
('arabic', 25, 'ar', 'Arab',
 '{Fatima,Aisha,Maryam,Layla,Noor,Huda,Salma,Zainab}',
 '{Mohammed,Ahmed,Ali,Omar,Hassan,Khalid,Yusuf,Ibrahim}',
 '{Al-Masri,Haddad,Khoury,Nasser,Mansour,Saleh,Hussein,Rahman,Farouk,Al-Sayed}',
 '{فاطمة,عائشة,مريم,ليلى,نور,هدى,سلمى,زينب}',
 '{محمد,أحمد,علي,عمر,حسن,خالد,يوسف,إبراهيم}',
 '{المصري,حداد,خوري,ناصر,منصور,صالح,حسين,رحمن,فاروق,السيد}'),
('vietnamese', 20, 'en', 'Latn',
 '{Linh,Hương,Thảo,Ngọc,Lan,Mai,Hạnh,Yến}',
 '{Minh,Hùng,Dũng,Tuấn,Đức,Quân,Hải,Sơn}',
 '{Nguyễn,Trần,Lê,Phạm,Hoàng,Huỳnh,Phan,Vũ,Võ,Đặng,Bùi,Đỗ}',
 NULL, NULL, NULL),
('russian', 20, 'ru', 'Cyrl',
 '{Anna,Elena,Olga,Natalia,Irina,Tatiana,Svetlana,Ekaterina}',
 '{Ivan,Dmitry,Sergey,Alexei,Mikhail,Nikolai,Vladimir,Pavel}',
 '{Ivanov,Petrov,Smirnov,Volkov,Sokolov,Popov,Kuznetsov,Morozov,Lebedev,Orlov}',
 '{Анна,Елена,Ольга,Наталья,Ирина,Татьяна,Светлана,Екатерина}',
 '{Иван,Дмитрий,Сергей,Алексей,Михаил,Николай,Владимир,Павел}',
 '{Иванов,Петров,Смирнов,Волков,Соколов,Попов,Кузнецов,Морозов,Лебедев,Орлов}'),
('japanese', 15, 'ja', 'Jpan',
 '{Yuki,Sakura,Hana,Aiko,Keiko,Naomi}', '{Haruto,Kenji,Takashi,Hiroshi,Daiki,Ren}',
 '{Sato,Suzuki,Takahashi,Tanaka,Watanabe,Ito,Yamamoto,Nakamura}',
 '{由紀,さくら,花,愛子,恵子,直美}', '{陽翔,健二,隆,浩,大輝,蓮}',
 '{佐藤,鈴木,高橋,田中,渡辺,伊藤,山本,中村}'),
('greek', 5, 'el', 'Grek',
 '{Maria,Eleni,Katerina,Sofia}', '{Giorgos,Nikos,Dimitris,Yannis}',
 '{Papadopoulos,Georgiou,Nikolaidis,Pappas}',
 '{Μαρία,Ελένη,Κατερίνα,Σοφία}', '{Γιώργος,Νίκος,Δημήτρης,Γιάννης}',
 '{Παπαδόπουλος,Γεωργίου,Νικολαΐδης,Παππάς}');

CREATE TABLE alumni_build.areas (
    area integer PRIMARY KEY,
    weight integer NOT NULL,
    country char(2) NOT NULL,
    state text,
    postal_prefix text NOT NULL,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL,
    cities text[] NOT NULL  -- largest first
);

INSERT INTO alumni_build.areas VALUES
(1, 270, 'US', 'MA', '02', 42.3, -71.1, '{Boston,Cambridge,Worcester,Springfield,Lowell,Newton,Somerville,Amherst,Salem,Northampton}'),
(2, 130, 'US', 'NY', '10', 40.8, -73.9, '{New York,Buffalo,Rochester,Albany,Syracuse,Ithaca,White Plains,Saratoga Springs}'),
(3, 100, 'US', 'CA', '94', 36.8, -119.4, '{San Francisco,Los Angeles,San Diego,San Jose,Oakland,Sacramento,Palo Alto,Berkeley,Irvine,Santa Cruz}'),
(4, 52, 'US', 'CT', '06', 41.6, -72.7, '{Hartford,New Haven,Stamford,Bridgeport,Greenwich,Mystic}'),
(5, 40, 'US', 'NJ', '07', 40.2, -74.6, '{Newark,Jersey City,Princeton,Hoboken,Trenton,Montclair}'),
(6, 38, 'US', 'PA', '19', 40.9, -77.8, '{Philadelphia,Pittsburgh,Allentown,Lancaster,Bethlehem}'),
(7, 36, 'US', 'TX', '77', 31.0, -99.0, '{Houston,Austin,Dallas,San Antonio,Fort Worth,Plano}'),
(8, 34, 'US', 'FL', '33', 27.8, -81.7, '{Miami,Tampa,Orlando,Naples,Jacksonville,Sarasota}'),
(9, 30, 'US', 'IL', '60', 40.0, -89.2, '{Chicago,Evanston,Naperville,Springfield,Peoria}'),
(10, 26, 'US', 'WA', '98', 47.4, -121.5, '{Seattle,Bellevue,Tacoma,Spokane,Redmond}'),
(11, 24, 'US', 'VA', '22', 37.8, -78.2, '{Arlington,Richmond,Alexandria,Norfolk,Charlottesville}'),
(12, 22, 'US', 'NH', '03', 43.5, -71.6, '{Manchester,Nashua,Concord,Portsmouth,Hanover}'),
(13, 20, 'US', 'MD', '21', 39.0, -76.8, '{Baltimore,Bethesda,Columbia,Annapolis,Rockville}'),
(14, 18, 'US', 'RI', '02', 41.7, -71.6, '{Providence,Newport,Warwick,Cranston}'),
(15, 16, 'US', 'ME', '04', 45.4, -69.0, '{Portland,Bangor,Brunswick,Camden}'),
(16, 14, 'US', 'CO', '80', 39.0, -105.5, '{Denver,Boulder,Fort Collins,Aspen}'),
(17, 14, 'US', 'NC', '27', 35.5, -79.4, '{Charlotte,Raleigh,Durham,Chapel Hill,Asheville}'),
(18, 12, 'US', 'GA', '30', 32.6, -83.4, '{Atlanta,Savannah,Athens,Decatur}'),
(19, 10, 'US', 'OH', '44', 40.3, -82.8, '{Columbus,Cleveland,Cincinnati,Oberlin}'),
(20, 8, 'US', 'VT', '05', 44.1, -72.7, '{Burlington,Montpelier,Stowe,Middlebury}'),
(21, 6, 'US', 'OR', '97', 43.9, -120.6, '{Portland,Eugene,Bend}'),
(22, 4, 'US', 'HI', '96', 20.8, -156.3, '{Honolulu,Hilo}'),
(23, 14, 'GB', NULL, 'SW', 51.5, -0.1, '{London,Oxford,Edinburgh,Manchester}'),
(24, 12, 'CA', NULL, 'H2', 45.5, -73.6, '{Toronto,Montréal,Vancouver,Québec}'),
(25, 10, 'CN', NULL, '20', 31.2, 121.5, '{Shanghai,Beijing,Shenzhen,Hangzhou}'),
(26, 8, 'IN', NULL, '56', 12.9, 77.6, '{Bengaluru,Mumbai,Delhi,Chennai}'),
(27, 8, 'DE', NULL, '80', 48.1, 11.6, '{Berlin,München,Köln,Düsseldorf}'),
(28, 6, 'FR', NULL, '75', 48.9, 2.4, '{Paris,Lyon,Orléans}'),
(29, 5, 'KR', NULL, '04', 37.6, 127.0, '{Seoul,Busan}'),
(30, 5, 'MX', NULL, '06', 19.4, -99.1, '{Ciudad de México,Monterrey,Mérida}'),
(31, 4, 'JP', NULL, '10', 35.7, 139.7, '{Tokyo,Kyoto}'),
(32, 4, 'BR', NULL, '01', -23.6, -46.6, '{São Paulo,Brasília}');

CREATE TABLE alumni_build.culture_slots (slot integer PRIMARY KEY, culture text NOT NULL);
INSERT INTO alumni_build.culture_slots
SELECT row_number() OVER (ORDER BY weight DESC, culture, n), culture
FROM alumni_build.cultures CROSS JOIN LATERAL generate_series(1, weight) n;

CREATE TABLE alumni_build.area_slots (slot integer PRIMARY KEY, area integer NOT NULL);
INSERT INTO alumni_build.area_slots
SELECT row_number() OVER (ORDER BY area, n), area
FROM alumni_build.areas CROSS JOIN LATERAL generate_series(1, weight) n;

ANALYZE alumni_build.cultures, alumni_build.areas, alumni_build.culture_slots, alumni_build.area_slots;
