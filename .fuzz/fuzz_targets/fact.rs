//! Whatever is published, reading it gives a fact or a refusal, never a panic; and
//! a fact that is written again reads back the same.

#![no_main]

use duban::event::envelope::read_message;
use duban::event::fact::Content;
use duban::event::structured::to_message;
use duban::id::TenantId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(tenant) = TenantId::new("changqing") else { return };
    let subject = "duban.changqing.intake.xinyong-pingtai.objection.received";
    if let Content::Fact(fact) = read_message(&tenant, subject, &[], body) {
        let (subject, headers, again) = to_message(&fact, &tenant);
        let Content::Fact(same) = read_message(&tenant, &subject, &headers, &again) else {
            panic!("{fact:?} cannot be read back");
        };
        assert_eq!(fact.content(), same.content(), "{fact:?} reads back as {same:?}");
    }
});
