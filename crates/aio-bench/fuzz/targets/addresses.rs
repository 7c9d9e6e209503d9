#![no_main]
//! Addresses of galleries in databases: what follows the password, and whole addresses.

use aio_stores::Address;
use libfuzzer_sys::fuzz_target;

const PASSWORD: &str = "correct-horse";

fuzz_target!(|text: &str| {
    let _ = shown(text);
    let with_password = shown(&format!("postgres://me:{PASSWORD}@{text}"));
    assert!(text.contains(PASSWORD) || !with_password.contains(PASSWORD), "{with_password}");
});

/// What a reader sees of an address, or of the error about it.
fn shown(text: &str) -> String {
    match text.parse::<Address>() {
        Ok(address) => {
            assert!(!address.name().is_empty());
            format!("{address} {address:?}")
        }
        Err(error) => format!("{error} {error:?}"),
    }
}
