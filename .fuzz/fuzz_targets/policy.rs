//! Whatever an author writes, checking it gives problems, never a panic.

#![no_main]

use duban::policy::check_text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Ok(text) = std::str::from_utf8(text) {
        let _problems = check_text(text);
    }
});
