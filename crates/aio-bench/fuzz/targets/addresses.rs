#![no_main]
//! Addresses of galleries in databases: what follows the password, and whole addresses.

use aio_stores::Address;
use libfuzzer_sys::fuzz_target;

const PASSWORD: &str = "correct-horse";

fuzz_target!(|text: &str| {
    let with_password = format!("postgres://me:{PASSWORD}@{text}");
    for text in [text, &with_password] {
        let shown = match text.parse::<Address>() {
            Ok(address) => {
                assert!(!address.name().is_empty());
                format!("{address} {address:?}")
            }
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(text.matches(PASSWORD).count() > 1 || !shown.contains(PASSWORD), "{shown}");
    }
});
