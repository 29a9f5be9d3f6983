//! The courier catalogue, and guesses at what was meant.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use waybill::couriers::catalogue::{self, OTHER};
use waybill::couriers::suggest::{self, MOST};

#[test]
fn the_catalogue_is_whole() {
    assert_eq!(catalogue::all().len(), 109);
    let slugs: BTreeSet<&str> = catalogue::all().iter().map(|courier| courier.slug.as_str()).collect();
    assert_eq!(slugs.len(), 109);
    for courier in catalogue::all() {
        assert!(
            courier
                .slug
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        );
        assert!(!courier.countries.is_empty(), "{}", courier.slug);
        assert!(courier.names.values().all(|name| !name.starts_with('(')), "{}", courier.slug);
        if courier.slug != OTHER {
            let url = courier.tracking_url("A1").unwrap_or_default();
            assert!(url.starts_with("https://") && url.contains("A1") && !url.contains('{'), "{url}");
            assert!(url::Url::parse(&url).is_ok(), "{url}");
        }
    }
}

#[test]
fn a_courier_has_a_name_for_each_channel_that_knows_it() {
    let evri = catalogue::find("evri").unwrap();
    assert_eq!(evri.name_for("shopify"), Some("Evri"));
    assert_eq!(evri.name_for("ebay"), Some("Hermes"));
    assert_eq!(evri.name_for("bigcommerce"), Some("myhermes-uk"));
    assert_eq!(evri.name_for("woocommerce"), Some("EVRi"));
    assert_eq!(evri.name_for("woocommerce_core"), Some("evri-hermes"));
    assert_eq!(evri.name_for("amazon"), None);
    assert_eq!(evri.name_for("nowhere"), None);
    let other = catalogue::find(OTHER).unwrap();
    assert_eq!(
        ["amazon", "ebay", "etsy", "magento"].map(|kind| other.name_for(kind)),
        [Some("Other"), Some("Other"), Some("other"), Some("custom")]
    );
    assert_eq!(["shopify", "walmart"].map(|kind| other.name_for(kind)), [None, None]);
    assert_eq!(catalogue::find("Evri"), None);
}

#[test]
fn a_courier_is_found_by_any_name_that_is_its_alone() {
    let slug = |name: &str| catalogue::by_any_name(name).map(|courier| courier.slug.as_str());
    assert_eq!(slug("ROYAL MAIL"), Some("royal-mail"));
    assert_eq!(slug("royalmail"), Some("royal-mail"));
    assert_eq!(slug("myhermes-uk"), Some("evri"));
    assert_eq!(slug("OsterreichischePostAG"), Some("austrian-post"));
    assert_eq!(slug("dpd"), Some("dpd"));
    assert_eq!(slug("Hermes"), None);
    assert_eq!(slug("custom"), None);
    assert_eq!((slug(""), slug(" - "), slug("nobody")), (None, None, None));
}

#[test]
fn a_tracking_number_is_escaped_into_its_page() {
    let evri = catalogue::find("evri").unwrap();
    assert_eq!(evri.tracking_url(" H00ABC "), Some("https://www.evri.com/track/H00ABC".to_owned()));
    assert_eq!(
        evri.tracking_url("a/b?c=ü&d#"),
        Some("https://www.evri.com/track/a%2Fb%3Fc%3D%C3%BC%26d%23".to_owned())
    );
    assert_eq!(evri.tracking_url("  "), None);
    assert_eq!(catalogue::find(OTHER).unwrap().tracking_url("1"), None);
}

#[test]
fn known_names_are_sorted_and_each_there_once() {
    let ebay = catalogue::known_names("ebay");
    assert_eq!(ebay.len(), 59);
    assert!(ebay.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(catalogue::known_names("magento"), ["custom", "dhl", "fedex", "ups", "usps"]);
    assert_eq!(catalogue::known_names("nowhere"), [""; 0]);
}

#[test]
fn what_was_meant_comes_first() {
    // As sent, channel kind, courier, the channel's name, filled in unasked.
    let table = [
        ("dpd_be", "shopify", "dpd", "DPD", true),
        ("DPD Belgium", "shopify", "dpd", "DPD", true),
        ("DPD Belgium", "ebay", "dpd", "DPD", true),
        ("dpd", "shopify", "dpd", "DPD", true),
        ("DPD UK Next Day", "shopify", "dpd-uk", "DPD UK", true),
        ("dpd-local", "ebay", "dpd-local", "Interlink", true),
        ("dpd.de", "shopify", "dpd-germany", "DPD", true),
        ("Royal-Mail 48", "shopify", "royal-mail", "Royal Mail", true),
        ("Royal Mail Tracked 24", "ebay", "royal-mail", "RoyalMail", true),
        ("RoyalMailTracked48", "amazon", "royal-mail", "Royal Mail", true),
        ("royl mail", "amazon", "royal-mail", "Royal Mail", true),
        ("hermes uk", "shopify", "evri", "Evri", true),
        ("hermes uk", "ebay", "evri", "Hermes", true),
        ("myHermes", "bigcommerce", "evri", "myhermes-uk", true),
        ("EVRI_STANDARD", "shopify", "evri", "Evri", true),
        ("Hermes Germany", "shopify", "hermes-germany", "Hermes", true),
        ("usps_priority_mail", "shopify", "usps", "USPS", true),
        ("UPS Ground", "ebay", "ups", "UPS", true),
        ("ups", "walmart", "ups", "UPS", true),
        ("Fed Ex Ground", "shopify", "fedex", "FedEx", true),
        ("FEDEX_INTERNATIONAL_ECONOMY", "amazon", "fedex", "FedEx", true),
        ("DHL", "shopify", "dhl-germany", "DHL", true),
        ("DHL Express Worldwide", "shopify", "dhl-express", "DHL Express", true),
        ("DHL Paket", "shopify", "dhl-germany", "DHL", true),
        ("dhl_ecommerce_us", "shopify", "dhl-ecommerce", "DHL eCommerce", true),
        ("AusPost", "shopify", "australia-post", "Australia Post", true),
        ("Auspost eParcel", "ebay", "australia-post", "AustraliaPost", true),
        ("Post NL", "shopify", "postnl", "PostNL", true),
        ("Postnord Sverige", "shopify", "postnord-se", "PostNord SE", true),
        ("Osterreichische Post", "shopify", "austrian-post", "Österreichische Post", true),
        ("colis prive", "shopify", "colis-prive", "Colis Privé", true),
        ("GLS Italy", "shopify", "gls-italy", "GLS Italy", true),
        ("Deutsche Post Brief", "shopify", "deutsche-post", "Deutsche Post", true),
        ("Canada-Post Expedited", "shopify", "canada-post", "Canada Post", true),
        ("colisimo", "shopify", "colissimo", "Colissimo", true),
        ("Toll IPEC", "starshipit", "toll-ipec", "TollIPEC", true),
    ];
    let mut wrong = Vec::new();
    for (sent, kind, slug, name, confident) in table {
        let found = suggest::suggest(sent, kind);
        let first = found.first().map(|first| (first.courier.slug.as_str(), first.name, first.confident));
        if first != Some((slug, name, confident)) {
            let all: Vec<String> = found
                .iter()
                .map(|one| format!("{} {} {}", one.courier.slug, one.score, one.confident))
                .collect();
            wrong.push(format!("{sent} for {kind}: {}", all.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_filled_in_where_several_may_be_meant_or_none() {
    for (sent, kind) in [
        ("Hermes", "bigcommerce"),
        ("post", "shopify"),
        ("Express Courier", "shopify"),
        ("toll", "starshipit"),
        ("carrier_12", "ebay"),
        ("dpd_be", "walmart"),
        ("Standard", "shopify"),
        ("upds", "shopify"),
    ] {
        let found = suggest::suggest(sent, kind);
        assert!(found.iter().all(|one| !one.confident), "{sent} for {kind}: {:?}", found.first());
    }
    for sent in ["", " -_- ", "xyzzy", "12345", "東京"] {
        assert!(suggest::suggest(sent, "shopify").is_empty(), "{sent}");
    }
}

#[test]
fn suggestions_are_few_ordered_named_once_and_always_the_same() {
    for kind in ["shopify", "ebay", "magento", "walmart", "tiktok"] {
        for courier in catalogue::all() {
            let found = suggest::suggest(&courier.name, kind);
            assert_eq!(found, suggest::suggest(&courier.name, kind));
            assert!(found.len() <= MOST);
            assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
            assert!(found.iter().skip(1).all(|one| !one.confident));
            let names: BTreeSet<&str> = found.iter().map(|one| one.name).collect();
            assert_eq!(names.len(), found.len());
            for one in &found {
                assert!((0.0..=1.0).contains(&one.score) && one.courier.slug != OTHER);
            }
        }
    }
    let unlisted = suggest::suggest("dpd_be", "tiktok");
    assert_eq!((unlisted[0].name, unlisted[0].confident), ("DPD", false));
}

#[test]
fn every_courier_is_suggested_for_its_own_name() {
    for courier in catalogue::all().iter().filter(|courier| courier.slug != OTHER) {
        let Some(name) = courier.name_for("shopify") else {
            continue;
        };
        let found = suggest::suggest(name, "shopify");
        assert_eq!(found.first().map(|first| first.name), Some(name), "{}", courier.slug);
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_answered(sent in "\\PC{0,200}", kind in "shopify|ebay|tiktok") {
        proptest::prop_assert!(suggest::suggest(&sent, &kind).len() <= MOST);
        let _ = catalogue::by_any_name(&sent);
    }
}
