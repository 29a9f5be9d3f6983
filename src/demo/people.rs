//! People of the demo's world, who do not exist: names as they are written
//! where they live, streets and cities that fit them, reserved mail domains.

use super::dice::Dice;

/// Where somebody lives.
#[derive(Debug)]
pub(super) struct Country {
    pub code: &'static str,
    dial: &'static str,
    /// Family name first, as in Japan.
    family_first: bool,
    /// `native/latin`, or just latin.
    given: &'static [&'static str],
    family: &'static [&'static str],
    streets: &'static [&'static str],
    /// City, region, postal code with `#` for digits and `?` for letters.
    cities: &'static [(&'static str, &'static str, &'static str)],
    /// The number stands before the street.
    number_first: bool,
}

macro_rules! country {
    ($code:literal $dial:literal $first:literal $number:literal [$($given:literal)*] [$($family:literal)*] [$($street:literal),*] [$($city:literal $region:literal $zip:literal),*]) => {
        Country { code: $code, dial: $dial, family_first: $first, number_first: $number, given: &[$($given),*],
            family: &[$($family),*], streets: &[$($street),*], cities: &[$(($city, $region, $zip)),*] }
    };
}

#[rustfmt::skip]
static COUNTRIES: &[Country] = &[
    country!("BE" "+32" false false ["Lotte" "Noor" "Arthur" "Élise" "Jules" "Louise" "Wout" "Anaïs" "Mathis" "Fien" "Zoë" "Bram"]
        ["Peeters" "Janssens" "Maes" "Jacobs" "Dubois" "Lambert" "Claes" "Wouters" "Goossens" "Lejeune" "De Smet" "Van den Broeck"]
        ["Korte Nieuwstraat", "Kerkstraat", "Rue des Tanneurs", "Avenue Louise", "Lange Leemstraat", "Rue Haute"]
        ["Antwerpen" "" "2000", "Gent" "" "9000", "Bruxelles" "" "1050", "Leuven" "" "3000", "Liège" "" "4000", "Brugge" "" "8000"]),
    country!("NL" "+31" false false ["Sanne" "Daan" "Femke" "Sem" "Jasmijn" "Thijs" "Maud" "Ruben" "Fleur" "Stijn"]
        ["de Vries" "Bakker" "Visser" "Smit" "Meijer" "van Dijk" "Mulder" "de Groot" "Bos" "Hoekstra"]
        ["Prinsengracht", "Oudegracht", "Hoogstraat", "Kerkplein", "Zeedijk"]
        ["Amsterdam" "" "10## ??", "Utrecht" "" "35## ??", "Rotterdam" "" "30## ??", "Groningen" "" "97## ??", "Haarlem" "" "20## ??"]),
    country!("FR" "+33" false true ["Chloé" "Hugo" "Inès" "Théo" "Maëlle" "Lucas" "Océane" "Raphaël" "Camille" "Noé"]
        ["Moreau" "Lefèvre" "Girard" "Fournier" "Rousseau" "Chevalier" "Gauthier" "Béranger" "Marchand" "Delacroix"]
        ["rue de la République", "avenue Jean Jaurès", "rue du Faubourg", "place du Marché", "quai des Brumes"]
        ["Paris" "" "750##", "Lyon" "" "6900#", "Nantes" "" "44000", "Lille" "" "59000", "Bordeaux" "" "33000"]),
    country!("DE" "+49" false false ["Lena" "Jonas" "Mia" "Felix" "Jürgen" "Käthe" "Sören" "Anneliese" "Moritz" "Frieda"]
        ["Müller" "Schäfer" "Krüger" "Vogel" "Weiß" "Hofmann" "Böhm" "Lorenz" "Jäger" "Engel"]
        ["Lindenstraße", "Am Mühlbach", "Schillerplatz", "Gartenweg", "Königsallee"]
        ["Berlin" "" "1####", "Hamburg" "" "20###", "Köln" "" "50###", "München" "" "80###", "Leipzig" "" "04###"]),
    country!("GB" "+44" false true ["Olivia" "George" "Priya" "Callum" "Aoife" "Harry" "Imogen" "Mohammed" "Rhys" "Freya" "Zainab" "Alasdair"]
        ["Smith" "Patel" "O’Connor" "Campbell" "Hughes" "Ahmed" "Wright" "Okafor" "MacLeod" "Fitzgerald" "Evans" "Shaw"]
        ["High Street", "Church Lane", "Station Road", "Mill Hill", "The Crescent", "Victoria Terrace"]
        ["London" "" "SW# #??", "Leeds" "West Yorkshire" "LS# #??", "Bristol" "" "BS# #??", "Edinburgh" "" "EH# #??", "Cardiff" "" "CF# #??", "Belfast" "" "BT# #??"]),
    country!("NO" "+47" false false ["Ingrid" "Håkon" "Sunniva" "Øystein" "Solveig" "Bjørn" "Åse" "Magnus" "Tuva" "Eirik"]
        ["Hansen" "Bjørnstad" "Ødegård" "Haugen" "Nilsen" "Kvåle" "Moen" "Solberg" "Aasen" "Fjeld"]
        ["Storgata", "Fjellveien", "Kirkegata", "Sjøgata", "Bryggen"]
        ["Oslo" "" "0###", "Bergen" "" "50##", "Trondheim" "" "70##", "Tromsø" "" "90##", "Ålesund" "" "60##"]),
    country!("SE" "+46" false false ["Åsa" "Nils" "Ebba" "Göran" "Saga" "Elias" "Maja" "Björn"]
        ["Lindqvist" "Sjöberg" "Åkesson" "Nyström" "Bergman" "Ek" "Öberg" "Holm"]
        ["Drottninggatan", "Storgatan", "Skolgatan", "Ängsvägen"]
        ["Stockholm" "" "11# ##", "Göteborg" "" "41# ##", "Malmö" "" "21# ##", "Uppsala" "" "75# ##"]),
    country!("DK" "+45" false false ["Freja" "Søren" "Astrid" "Rasmus" "Kirstine" "Bjarke"]
        ["Jensen" "Østergaard" "Kjær" "Mikkelsen" "Dahl" "Bæk"]
        ["Nørregade", "Vestergade", "Strandvejen"] ["København" "" "2###", "Aarhus" "" "8000", "Odense" "" "5000"]),
    country!("ES" "+34" false false ["Lucía" "Iñaki" "María José" "Álvaro" "Núria" "Jordi"]
        ["García" "Muñoz" "Ibáñez" "Castaño" "Peña Ruiz" "Echeverría"]
        ["Calle Mayor", "Gran Vía", "Carrer de Balmes"] ["Madrid" "Madrid" "280##", "Barcelona" "Barcelona" "080##", "Bilbao" "Bizkaia" "4800#"]),
    country!("PL" "+48" false false ["Agnieszka" "Łukasz" "Małgorzata" "Paweł" "Zofia" "Wojciech"]
        ["Kowalska" "Wiśniewski" "Zieliński" "Dąbrowska" "Wójcik" "Żak"]
        ["ul. Długa", "ul. Świętojańska", "al. Jerozolimskie"] ["Warszawa" "" "00-###", "Kraków" "" "30-###", "Gdańsk" "" "80-###"]),
    country!("GR" "+30" false false ["Ελένη/eleni" "Γιώργος/giorgos" "Κατερίνα/katerina" "Νίκος/nikos" "Σοφία/sofia"]
        ["Παπαδόπουλος/papadopoulos" "Νικολάου/nikolaou" "Γεωργίου/georgiou" "Αντωνίου/antoniou"]
        ["Ερμού", "Σταδίου", "Τσιμισκή"] ["Αθήνα" "Αττική" "10# ##", "Θεσσαλονίκη" "Μακεδονία" "54# ##"]),
    country!("UA" "+380" false false ["Олена/olena" "Тарас/taras" "Оксана/oksana" "Андрій/andrii"]
        ["Шевченко/shevchenko" "Коваленко/kovalenko" "Бондаренко/bondarenko" "Ткачук/tkachuk"]
        ["вулиця Хрещатик", "вулиця Сагайдачного", "проспект Свободи"] ["Київ" "" "01###", "Львів" "" "79###"]),
    country!("AE" "+971" false false ["ليلى/layla" "عمر/omar" "فاطمة/fatima" "خالد/khalid"]
        ["المنصوري/almansoori" "الحداد/alhaddad" "النعيمي/alnuaimi"]
        ["شارع الشيخ زايد", "شارع الوصل"] ["دبي" "Dubai" "00000", "أبوظبي" "Abu Dhabi" "00000"]),
    country!("JP" "+81" true false ["陽菜/hina" "蓮/ren" "さくら/sakura" "健太/kenta" "美咲/misaki"]
        ["佐藤/sato" "鈴木/suzuki" "高橋/takahashi" "田中/tanaka" "伊藤/ito"]
        ["千代田区丸の内", "渋谷区神南", "中京区烏丸通"] ["東京" "東京都" "1##-####", "京都市" "京都府" "60#-####", "大阪市" "大阪府" "53#-####"]),
    country!("KR" "+82" true false ["서연/seoyeon" "민준/minjun" "지우/jiwoo" "하은/haeun"]
        ["김/kim" "이/lee" "박/park" "최/choi"] ["강남대로", "종로", "해운대로"] ["서울" "서울특별시" "0####", "부산" "부산광역시" "48###"]),
    country!("TW" "+886" true false ["雅婷/yating" "家豪/jiahao" "怡君/yijun"] ["陳/chen" "林/lin" "黃/huang"]
        ["中山北路", "忠孝東路"] ["台北市" "" "10#", "高雄市" "" "80#"]),
];

/// How often each country orders, in parts of the whole.
pub(super) type Mix = &'static [(&'static str, u32)];

pub(super) const HARBOUR: Mix = &[
    ("BE", 320),
    ("NL", 210),
    ("FR", 160),
    ("DE", 130),
    ("GB", 40),
    ("ES", 35),
    ("PL", 30),
    ("GR", 20),
    ("JP", 20),
    ("UA", 12),
    ("AE", 12),
    ("KR", 11),
];
pub(super) const HARBOUR_UK: Mix = &[("GB", 960), ("FR", 15), ("DE", 15), ("AE", 10)];
pub(super) const FJORD: Mix =
    &[("NO", 620), ("SE", 150), ("DK", 100), ("DE", 50), ("JP", 40), ("PL", 20), ("TW", 20)];

/// Somebody with an address.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub name: String,
    pub email: String,
    pub phone: String,
    pub line1: String,
    pub line2: String,
    pub city: String,
    pub region: String,
    pub postal_code: String,
    pub country: &'static str,
    pub company: String,
}

/// Makes somebody; `n` keeps their mail address their own.
pub(super) fn person(dice: &mut Dice, mix: Mix, n: usize) -> Person {
    let code = dice.weighted(mix, |(_, weight)| *weight).0;
    let country = COUNTRIES.iter().find(|country| country.code == code).unwrap_or(&COUNTRIES[0]);
    let (given, given_latin) = both(dice.word(country.given));
    let (family, family_latin) = both(dice.word(country.family));
    let name = if country.family_first { format!("{family} {given}") } else { format!("{given} {family}") };
    let domain = dice.word(&["post.example", "mail.example", "inbox.example", "home.example"]);
    let (city, region, zip) = dice.pick(country.cities);
    let street = dice.word(country.streets);
    let number = dice.between(1, 190);
    let line1 =
        if country.number_first { format!("{number} {street}") } else { format!("{street} {number}") };
    let line2 = if dice.permille(140) {
        dice.word(&["2nd floor", "Apt 4B", "bus 3", "c/o Lindahl", "Hus B"]).to_owned()
    } else {
        String::new()
    };
    let company = if dice.permille(60) {
        dice.word(&["Studio Kade", "Atelier Nord", "Brew & Bean", "Kontor 12", "Café Ombre", "Museum Shop"])
            .to_owned()
    } else {
        String::new()
    };
    Person {
        email: format!("{}.{}{n}@{domain}", latin(given_latin), latin(family_latin)),
        phone: format!("{} {} {}", country.dial, dice.digits(3), dice.digits(6)),
        name,
        line1,
        line2,
        city: (*city).to_owned(),
        region: (*region).to_owned(),
        postal_code: dice.pattern(zip),
        country: country.code,
        company,
    }
}

fn both(name: &'static str) -> (&'static str, &'static str) {
    name.split_once('/').unwrap_or((name, name))
}

/// A name as it stands in a mail address.
fn latin(name: &str) -> String {
    name.chars()
        .filter_map(|c| match c.to_lowercase().next().unwrap_or(c) {
            c if c.is_ascii_alphanumeric() => Some(c),
            'á' | 'ä' | 'å' | 'ą' | 'æ' | 'ã' => Some('a'),
            'é' | 'è' | 'ë' | 'ê' => Some('e'),
            'í' | 'ï' => Some('i'),
            'ó' | 'ö' | 'ø' | 'ô' => Some('o'),
            'ú' | 'ü' => Some('u'),
            'ñ' | 'ń' => Some('n'),
            'ł' => Some('l'),
            'ś' | 'ß' => Some('s'),
            'ż' => Some('z'),
            _ => None,
        })
        .collect()
}
