//! The value of `OCP-Session`: the JSON of a context in base64, gzipped behind `gzip:`.

use std::io::{Read, Write};

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

/// Bytes of a header's value that is read; a longer one is ignored.
pub const SESSION_BYTES_MAX: usize = 8_192;
/// Bytes of JSON that a value may unpack to; one that is more is ignored.
pub const INFLATED_BYTES_MAX: usize = 256 * 1024;

const GZIP_PREFIX: &[u8] = b"gzip:";
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The JSON behind a header's value: an object that is not empty. None for everything else.
///
/// Base64 may lack its padding, be the one for URLs, or have white space inside; gzip is known by
/// its first bytes also where the prefix is missing.
pub fn decode_session(value: &[u8]) -> Option<Value> {
    if value.len() > SESSION_BYTES_MAX {
        return None;
    }
    let value = value.trim_ascii();
    let (encoded, gzipped) = match value.strip_prefix(GZIP_PREFIX) {
        Some(encoded) => (encoded, true),
        None => (value, false),
    };
    let bytes = decode_base64(encoded)?;
    let json = if gzipped || bytes.starts_with(GZIP_MAGIC) { inflate(&bytes)? } else { bytes };
    let value: Value = serde_json::from_slice(&json).ok()?;
    value.as_object().is_some_and(|object| !object.is_empty()).then_some(value)
}

/// The header's value of a JSON text. Packing never fails, as it goes into memory.
pub fn encode_session(json: &str, compress: bool) -> String {
    if !compress {
        return STANDARD.encode(json);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(json.as_bytes()).and_then(|()| encoder.finish());
    match packed {
        Ok(packed) => format!("gzip:{}", STANDARD.encode(packed)),
        Err(_) => STANDARD.encode(json),
    }
}

fn decode_base64(encoded: &[u8]) -> Option<Vec<u8>> {
    let standard: Vec<u8> = encoded
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    LENIENT.decode(standard).ok()
}

fn inflate(packed: &[u8]) -> Option<Vec<u8>> {
    let mut json = Vec::new();
    let mut decoder = GzDecoder::new(packed).take(INFLATED_BYTES_MAX as u64 + 1);
    decoder.read_to_end(&mut json).ok()?;
    (json.len() <= INFLATED_BYTES_MAX).then_some(json)
}
