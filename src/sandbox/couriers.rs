//! Courier names the make-believe channels know.
//!
//! Both lists cover the couriers of our own catalogue only; the real vendors know more names.

/// Codes eBay takes as `shippingCarrierCode`; anything else is error 32300.
pub(super) const EBAY_CODES: &[&str] = &[
    "APC",
    "ARAMEX",
    "AnPost",
    "AustraliaPost",
    "BPost",
    "Bartolini",
    "CPC",
    "CanPar",
    "ChinaPost",
    "Chronopost",
    "Colissimo",
    "CollectPlus",
    "Correos",
    "DHL",
    "DHLEXPRESS",
    "DHLGlobalMail",
    "DPD",
    "DeutschePost",
    "FASTWAYCOURIERS",
    "Fastway",
    "FedEx",
    "FedExSmartPost",
    "FourPX",
    "GLS",
    "HUNTEREXPRESS",
    "Hermes",
    "IndiaPost",
    "Interlink",
    "IsraelPost",
    "JapanPost",
    "LDSO",
    "Landmark",
    "MRW",
    "MondialRelay",
    "Nacex",
    "ODFL",
    "ONTRACK",
    "OsterreichischePostAG",
    "Other",
    "Parcelforce",
    "PocztaPolska",
    "PostNL",
    "PostNordNorway",
    "PosteItaliane",
    "RoyalMail",
    "SDA",
    "SINGAPOREPOST",
    "Seur",
    "StarTrack",
    "SwissPost",
    "TNT",
    "TNTEXPRESS",
    "Toll",
    "UKMail",
    "UPS",
    "UPSMailInnovations",
    "USPS",
    "YANWEN",
    "Yodel",
];

/// Names for which Shopify builds a link by itself, with the link; any other name is kept without one.
pub(super) const SHOPIFY_LINKS: &[(&str, &str)] = &[
    ("(free text allowed; send url too)", ""),
    ("4PX", "https://track.4px.com/#/result/0/{tracking}"),
    (
        "ACS Courier",
        "https://www.acscourier.net/en/track-and-trace/?trackingNumber={tracking}",
    ),
    (
        "APC",
        "https://apc-overnight.com/receiving-a-parcel/tracking?id={tracking}",
    ),
    ("Amazon", "https://track.amazon.com/tracking/{tracking}"),
    (
        "Amazon Logistics UK",
        "https://track.amazon.co.uk/tracking/{tracking}",
    ),
    (
        "An Post",
        "https://www.anpost.com/Post-Parcels/Track/History?item={tracking}",
    ),
    (
        "Aramex Australia",
        "https://www.aramex.com.au/tools/track?l={tracking}",
    ),
    (
        "Asendia USA",
        "https://a1.asendiausa.com/tracking/?trackingnumber={tracking}",
    ),
    (
        "Australia Post",
        "https://auspost.com.au/mypost/track/details/{tracking}",
    ),
    (
        "BPost",
        "https://track.bpost.cloud/btr/web/#/search?itemCode={tracking}",
    ),
    (
        "BRT",
        "https://vas.brt.it/vas/sped_det_show.hsm?referer=sped_numspe_par.htm&Nspediz={tracking}",
    ),
    (
        "Bluedart",
        "https://www.bluedart.com/trackdartresultthirdparty?trackFor=0&trackNo={tracking}",
    ),
    ("Bring", "https://tracking.bring.com/tracking/{tracking}"),
    (
        "CTT",
        "https://www.ctt.pt/feapl_2/app/open/objectSearch/objectSearch.jspx?objects={tracking}",
    ),
    (
        "Canada Post",
        "https://www.canadapost-postescanada.ca/track-reperage/en#/resultList?searchFor={tracking}",
    ),
    (
        "Canpar",
        "https://www.canpar.com/en/tracking/track.htm?barcode={tracking}",
    ),
    ("China Post", "https://www.ems.com.cn/qps/yjcx?mailNum={tracking}"),
    (
        "Chronopost",
        "https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT={tracking}",
    ),
    (
        "Colis Privé",
        "https://colisprive.com/moncolis/pages/detailColis.aspx?numColis={tracking}",
    ),
    (
        "Colissimo",
        "https://www.laposte.fr/outils/suivre-vos-envois?code={tracking}",
    ),
    (
        "Correios",
        "https://rastreamento.correios.com.br/app/index.php?objetos={tracking}",
    ),
    (
        "Correos",
        "https://www.correos.es/es/en/tools/tracker/items/details?tracking-number={tracking}",
    ),
    (
        "Couriers Please",
        "https://www.couriersplease.com.au/tools-track?no={tracking}",
    ),
    (
        "DHL",
        "https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode={tracking}",
    ),
    (
        "DHL Express",
        "https://www.dhl.com/global-en/home/tracking.html?tracking-id={tracking}",
    ),
    ("DHL Parcel", "https://track.dhlparcel.co.uk/?con={tracking}"),
    (
        "DHL eCommerce",
        "https://webtrack.dhlecs.com/?trackingnumber={tracking}",
    ),
    (
        "DHL eCommerce Asia",
        "https://ecommerceportal.dhl.com/track/?ref={tracking}",
    ),
    (
        "DPD",
        "https://www.dpdgroup.com/nl/mydpd/my-parcels/search?parcelNumber={tracking}",
    ),
    (
        "DPD Ireland",
        "https://dpd.ie/tracking?consignmentNumber={tracking}",
    ),
    (
        "DPD Local",
        "https://track.dpdlocal.co.uk/search?reference={tracking}",
    ),
    ("DPD UK", "https://track.dpd.co.uk/search?reference={tracking}"),
    ("DTDC", "https://www.dtdc.in/tracking.asp?strCnno={tracking}"),
    (
        "DX",
        "https://www.dxdelivery.com/consumer/my-tracking/?tracking={tracking}",
    ),
    ("Delhivery", "https://www.delhivery.com/track/package/{tracking}"),
    (
        "Deutsche Post",
        "https://www.deutschepost.de/sendung/simpleQuery.html?form.sendungsnummer={tracking}",
    ),
    (
        "Estes",
        "https://www.estes-express.com/myestes/shipment-tracking/?query={tracking}",
    ),
    ("Evri", "https://www.evri.com/track/{tracking}"),
    ("Fastway", "https://www.fastway.ie/track/?l={tracking}"),
    ("FedEx", "https://www.fedex.com/fedextrack/?trknbr={tracking}"),
    ("GLS", "https://gls-group.com/track/{tracking}"),
    (
        "GLS Italy",
        "https://www.gls-italy.com/en/services-for-recipients/search-parcel?match={tracking}",
    ),
    (
        "Hermes",
        "https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation/#{tracking}",
    ),
    (
        "Hunter Express",
        "https://www.hunterexpress.com.au/tracking/?consignment={tracking}",
    ),
    (
        "India Post",
        "https://www.indiapost.gov.in/_layouts/15/DOP.Portal.Tracking/TrackConsignment.aspx?id={tracking}",
    ),
    (
        "Inpost",
        "https://inpost.pl/sledzenie-przesylek?number={tracking}",
    ),
    (
        "Intelcom",
        "https://intelcom.ca/en/track-your-package/?tracking-id={tracking}",
    ),
    (
        "Israel Post",
        "https://mypost.israelpost.co.il/itemtrace?itemcode={tracking}",
    ),
    (
        "Japan Post (EN)",
        "https://trackings.post.japanpost.jp/services/srv/search/direct?locale=en&reqCodeNo1={tracking}",
    ),
    (
        "LSO",
        "https://www.lso.com/access/trackshipment?airbill={tracking}",
    ),
    ("Lasership", "https://www.ontrac.com/tracking/?number={tracking}"),
    (
        "Loomis",
        "https://www.loomisexpress.com/loomship/en/Track/TrackStatus?wbs={tracking}",
    ),
    (
        "Mondial Relay",
        "https://www.mondialrelay.fr/suivi-de-colis?numeroExpedition={tracking}",
    ),
    (
        "New Zealand Post",
        "https://www.nzpost.co.nz/tools/tracking/item/{tracking}",
    ),
    ("NinjaVan", "https://www.ninjavan.co/en-sg/tracking?id={tracking}"),
    (
        "Old Dominion",
        "https://www.odfl.com/us/en/tools/trace-track-ltl-freight/trace.html?proNumbers={tracking}",
    ),
    ("OnTrac", "https://www.ontrac.com/tracking/?number={tracking}"),
    ("Packeta", "https://tracking.packeta.com/en/?id={tracking}"),
    (
        "Parcelforce",
        "https://www.parcelforce.com/track-trace?trackNumber={tracking}",
    ),
    ("Pitney Bowes", "https://trackpb.shipment.co/track/{tracking}"),
    ("PostNL", "https://jouw.postnl.nl/track-and-trace/{tracking}"),
    (
        "PostNord DK",
        "https://tracking.postnord.com/en/tracking?id={tracking}",
    ),
    (
        "PostNord NO",
        "https://tracking.postnord.com/en/tracking?id={tracking}",
    ),
    (
        "PostNord SE",
        "https://tracking.postnord.com/en/tracking?id={tracking}",
    ),
    (
        "Poste Italiane",
        "https://www.poste.it/cerca/index.html#/risultati-spedizioni/{tracking}",
    ),
    (
        "Purolator",
        "https://www.purolator.com/en/shipping/tracker?pin={tracking}",
    ),
    (
        "Royal Mail",
        "https://www.royalmail.com/track-your-item#/tracking-results/{tracking}",
    ),
    (
        "SEUR",
        "https://www.seur.com/livetracking/?segOnlineIdentificador={tracking}",
    ),
    (
        "SF Express",
        "https://www.sf-express.com/we/ow/chn/en/waybill/waybill-detail/{tracking}",
    ),
    (
        "Sagawa (EN)",
        "https://k2k.sagawa-exp.co.jp/p/web/okurijosearch.do?okurijoNo={tracking}",
    ),
    ("Sendle", "https://track.sendle.com/tracking?ref={tracking}"),
    (
        "Singapore Post",
        "https://www.singpost.com/track-items?trackingid={tracking}",
    ),
    ("StarTrack", "https://startrack.com.au/track/details/{tracking}"),
    (
        "Swiss Post",
        "https://service.post.ch/ekp-web/ui/entry/search/{tracking}",
    ),
    (
        "TForce Final Mile",
        "https://direct.tfesecure.com/track-trace/Search/Detail?tracking={tracking}",
    ),
    (
        "TNT",
        "https://www.tnt.com/express/en_gb/site/shipping-tools/tracking.html?searchType=con&cons={tracking}",
    ),
    (
        "TNT Australia",
        "https://www.tntexpress.com.au/InterAction/ASPs/CnmHxAS.asp?{tracking}",
    ),
    (
        "Toll IPEC",
        "https://www.myteamge.com/?externalSearchQuery={tracking}",
    ),
    (
        "Tuffnells",
        "https://www.tuffnells.co.uk/track-and-trace/?tracking={tracking}",
    ),
    ("UPS", "https://www.ups.com/track?tracknum={tracking}"),
    (
        "USPS",
        "https://tools.usps.com/go/TrackConfirmAction?tLabels={tracking}",
    ),
    (
        "United Delivery Service",
        "https://www.uniteddeliveryservice.com/tracking?number={tracking}",
    ),
    ("Whistl", "https://trackmyitem.whistl.co.uk/tracking/{tracking}"),
    (
        "XPO Logistics",
        "https://app.ltl.xpo.com/appjs/tracking/#/tracking/{tracking}",
    ),
    (
        "Yamato (EN)",
        "https://toi.kuronekoyamato.co.jp/cgi-bin/tneko?number00=1&number01={tracking}",
    ),
    ("Yodel", "https://www.yodel.co.uk/tracking/{tracking}"),
    (
        "YunExpress",
        "https://www.yuntrack.com/parcelTracking?id={tracking}",
    ),
    (
        "Österreichische Post",
        "https://www.post.at/sv/sendungssuche?snr={tracking}",
    ),
];

/// The link Shopify makes for a tracking number, or nothing for a courier it does not know.
pub(super) fn shopify_link(company: &str, number: &str) -> Option<String> {
    let (_, template) = SHOPIFY_LINKS
        .iter()
        .find(|(name, link)| *name == company && !link.is_empty())?;
    let safe: String = url::form_urlencoded::byte_serialize(number.as_bytes()).collect();
    Some(template.replace("{tracking}", &safe))
}
