//! The currencies in which a customer can pay.

/// Three-letter codes in lower case, sorted. Which of them a payment method or a bank account
/// can take is decided where the money is, not here.
#[rustfmt::skip]
pub const SUPPORTED_CURRENCIES: &[&str] = &[
    "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn",
    "bam", "bbd", "bdt", "bgn", "bhd", "bif", "bmd", "bnd", "bob", "brl", "bsd", "btn", "bwp",
    "byn", "bzd",
    "cad", "cdf", "chf", "clp", "cny", "cop", "crc", "cve", "czk",
    "djf", "dkk", "dop", "dzd",
    "egp", "etb", "eur",
    "fjd", "fkp",
    "gbp", "gel", "ghs", "gip", "gmd", "gnf", "gtq", "gyd",
    "hkd", "hnl", "htg", "huf",
    "idr", "ils", "inr", "isk",
    "jmd", "jod", "jpy",
    "kes", "kgs", "khr", "kmf", "krw", "kwd", "kyd", "kzt",
    "lak", "lbp", "lkr", "lrd", "lsl",
    "mad", "mdl", "mga", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn",
    "nad", "ngn", "nio", "nok", "npr", "nzd",
    "omr",
    "pab", "pen", "pgk", "php", "pkr", "pln", "pyg",
    "qar",
    "ron", "rsd", "rub", "rwf",
    "sar", "sbd", "scr", "sek", "sgd", "shp", "sle", "sos", "srd", "std", "svc", "szl",
    "thb", "tjs", "tnd", "top", "try", "ttd", "twd", "tzs",
    "uah", "ugx", "usd", "uyu", "uzs",
    "vnd", "vuv",
    "wst",
    "xaf", "xcd", "xcg", "xof", "xpf",
    "yer",
    "zar", "zmw",
];
