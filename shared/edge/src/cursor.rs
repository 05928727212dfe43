//! Cursors of paged answers: opaque to callers, and refused when a caller made or changed one.

use data_encoding::BASE64URL_NOPAD;
use rules::secret::Key;
use subtle::ConstantTimeEq;

/// Bytes of the authenticator.
const TAG: usize = 16;

/// Seals the place where a page goes on; `scope` is what the cursor belongs to (the report and its filters).
pub fn seal(key: &Key, scope: &str, place: &str) -> String {
    let tag = key.hmac(&[scope.as_bytes(), place.as_bytes()]);
    let mut bytes: Vec<u8> = tag.iter().take(TAG).copied().collect();
    bytes.extend_from_slice(place.as_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

/// Opens a cursor; `None` if it is not one of ours for this scope.
pub fn open(key: &Key, scope: &str, cursor: &str) -> Option<String> {
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let (given, place) = bytes.split_at_checked(TAG)?;
    let tag = key.hmac(&[scope.as_bytes(), place]);
    let same: bool = tag.get(..TAG)?.ct_eq(given).into();
    same.then(|| String::from_utf8(place.to_vec()).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::secret::Keys;

    #[test]
    fn a_cursor_opens_only_unchanged_and_in_its_own_scope() {
        let key = Keys::derive(&[9; 32]).cursor;
        let cursor = seal(&key, "resets", "2026-11-21");
        assert_eq!(open(&key, "resets", &cursor).as_deref(), Some("2026-11-21"));
        assert_eq!(open(&key, "audit", &cursor), None);
        let mut other = cursor.clone();
        other.replace_range(0..1, if cursor.starts_with('A') { "B" } else { "A" });
        assert_eq!(open(&key, "resets", &other), None);
        assert_eq!(open(&key, "resets", "nonsense"), None);
    }
}
