//! What the two merchants sell.

/// A product.
#[derive(Debug, Clone)]
pub(super) struct Good {
    pub sku: String,
    pub name: String,
    /// In euro cents.
    pub price: i64,
    pub grams: i32,
}

type Base = (&'static str, &'static str, i64, i32, &'static [(&'static str, &'static str)]);

const TONES: &[(&str, &str)] = &[("SND", "Sand"), ("MOS", "Moss"), ("INK", "Ink")];
const SIZES: &[(&str, &str)] = &[("S", "S"), ("M", "M"), ("L", "L"), ("XL", "XL")];
const SCENTS: &[(&str, &str)] = &[("PIN", "Pine"), ("SEA", "Sea Salt"), ("FIG", "Fig"), ("SMK", "Smoke")];

const HARBOUR: &[Base] = &[
    ("HP-CNDL", "Soy Candle 220 g", 2400, 480, SCENTS),
    ("HP-CNDM", "Travel Candle", 1400, 190, SCENTS),
    ("HP-THRW", "Wool Throw", 8900, 1250, TONES),
    ("HP-CUSH", "Linen Cushion Cover", 3900, 320, TONES),
    ("HP-MUG", "Stoneware Mug", 1900, 410, TONES),
    ("HP-BOWL", "Stoneware Bowl", 2600, 640, TONES),
    ("HP-TRAY", "Oak Serving Tray", 5400, 1100, &[]),
    ("HP-BOARD", "Oak Cutting Board", 4200, 1400, &[]),
    ("HP-APRN", "Linen Apron", 4500, 380, TONES),
    ("HP-TOWL", "Waffle Towel", 2200, 300, TONES),
    ("HP-LAMP", "Paper Lantern Lamp", 7400, 900, &[]),
    ("HP-LAMP-RET", "Brass Reading Lamp (retired)", 11900, 2100, &[]),
    ("HP-DIFF", "Reed Diffuser", 2900, 520, SCENTS),
    ("HP-VASE", "Bud Vase", 1700, 260, TONES),
    ("HP-PRNT", "Harbour Print A3", 2500, 150, &[]),
    ("HP-SOAP", "Olive Soap Bar", 700, 120, SCENTS),
    ("HP-GIFT", "Gift Wrapping Kit", 600, 90, &[]),
];

const FJORD: &[Base] = &[
    ("FJ-BASE", "Merino Base Layer", 8900, 260, SIZES),
    ("FJ-SHEL", "Rain Shell", 18900, 420, SIZES),
    ("FJ-FLEE", "Grid Fleece", 9900, 380, SIZES),
    ("FJ-SOCK", "Hiking Socks", 1900, 80, SIZES),
    ("FJ-BEAN", "Wool Beanie", 2900, 70, TONES),
    ("FJ-GLOV", "Liner Gloves", 3400, 60, SIZES),
    ("FJ-PACK", "Day Pack 24 L", 11900, 820, TONES),
    ("FJ-TENT", "Ridge Tent 2P", 42900, 2300, &[]),
    ("FJ-STOV", "Canister Stove", 5900, 190, &[]),
    ("FJ-POT", "Titanium Pot 0.9 L", 6400, 130, &[]),
    ("FJ-BOTL", "Steel Bottle", 3200, 340, TONES),
    ("FJ-LAMP", "Headlamp 400", 4900, 90, &[]),
    ("FJ-ROPE", "Guy Line Set", 1200, 110, &[]),
    ("FJ-MAP", "Fjord Trail Map", 1500, 60, &[]),
];

/// A SKU the provider refuses.
pub(super) const REFUSED_SKU: &str = "HP-LAMP-RET";

/// Everything an account sells, in a fixed order.
pub(super) fn of(slug: &str) -> Vec<Good> {
    let bases = if slug == "fjord" { FJORD } else { HARBOUR };
    let mut goods = Vec::new();
    for (sku, name, price, grams, variants) in bases {
        let good = |sku: String, name: String| Good { sku, name, price: *price, grams: *grams };
        if variants.is_empty() {
            goods.push(good((*sku).to_owned(), (*name).to_owned()));
        }
        for (code, word) in *variants {
            goods.push(good(format!("{sku}-{code}"), format!("{name}, {word}")));
        }
    }
    goods
}
