"""The words that an import file is made of; degree codes and places are those of the alumni database."""

GIVEN_NAMES = (
    "Mary", "Jennifer", "Emily", "Sarah", "Hannah", "Grace", "James", "Michael", "David", "Matthew", "Andrew",
    "Thomas", "María", "Sofía", "José", "Andrés", "Jürgen", "Hélène", "Étienne", "Zoé", "Xinyi", "Wei", "Priya",
    "Arjun", "Seo-yeon", "Min-jun", "Fatima", "Omar", "Hương", "Đức", "Olga", "Иван", "Анна", "欣怡", "涛", "محمد",
    "Γιώργος", "예준", "さくら", "प्रिया",
)  # fmt: skip

FAMILY_NAMES = (
    "Smith", "Johnson", "Williams", "Brown", "Miller", "Davis", "Wilson", "O'Brien", "St. James", "Van Dyke",
    "García", "Rodríguez", "Núñez", "Peña", "Müller", "Weiß", "Sørensen", "Lefèvre", "D'Aubigné", "Wang", "Zhang",
    "Patel", "Sharma", "Kim", "Park", "Haddad", "Al-Masri", "Nguyễn", "Trần", "Петров", "王", "خوري",
    "Παππάς", "佐藤", "Smith-Jones", "Washington",
)  # fmt: skip

# What an e-mail address is made of: names in Latin letters without accents.
MAIL_NAMES = (
    "mary",
    "jsmith",
    "sofia.garcia",
    "wei.wang",
    "p.sharma",
    "omar",
    "anna.k",
    "thomas_b",
    "zoe",
    "minjun.kim",
)

SUBJECTS = {
    "ENG": ("CSE", "MEC", "ELE", "CIV", "CHE", "BIO"),
    "BUS": ("FIN", "MKT", "ACC", "MGT", "ECO", "ENT"),
    "ART": ("ENG", "HIS", "PHI", "LAN", "ARH", "POL"),
    "SCI": ("BIO", "CHM", "PHY", "MAT", "STA", "GEO"),
    "LAW": ("LAW", "TAX", "INT", "HUM", "CRI", "ENV"),
    "EDU": ("ELE", "SEC", "SPE", "ADM", "COU", "TEC"),
}

PLACES = (  # city, state, postal prefix, country
    ("Boston", "MA", "021", "US"), ("Cambridge", "MA", "021", "US"), ("Worcester", "MA", "016", "US"),
    ("New York", "NY", "100", "US"), ("Albany", "NY", "122", "US"), ("San Francisco", "CA", "941", "US"),
    ("Los Angeles", "CA", "900", "US"), ("Hartford", "CT", "061", "US"), ("Austin", "TX", "787", "US"),
    ("Washington, D.C.", "DC", "200", "US"), ("Montréal", "", "H2Y ", "CA"), ("München", "", "803", "DE"),
    ("São Paulo", "", "010", "BR"), ("London", "", "SW1 ", "GB"),
)  # fmt: skip

STREETS = (
    "Main Street",
    "Oak St.",
    "Maple Avenue",
    "Park Road",
    "Elm Lane",
    "Washington Street",
    "Café Row",
    "River Rd",
)

EMPLOYERS = (
    "Walker Health Group", "Brooks Data Systems", "López Data Labs", "Cole, Reed & Sons", '"Best" Logistics LLC',
    "Gauthier Energy GmbH", "City of Boston", "State University", "Self-employed", "北京 Research Institute",
)  # fmt: skip

TITLES = (
    "Engineer",
    "Analyst",
    "Teacher",
    "Vice President, Sales",
    "Physician",
    "Attorney",
    "Editor",
    "Owner",
    "Retired",
)

NOTES = (
    "Prefers post", "Moved\nNew address to follow", "Spouse: also class of 1998", 'Goes by "Bob"', "Call after 5 p.m., please",
    "Met at reunion.\nInterested in mentoring,\nwill send CV", "  ", "Don't mail", "n/a", "Señor Díaz's referral",
)  # fmt: skip
