//! Who may sit at duban, and what each of them may see, ask and state.
//!
//! Pure rules: time, random bytes and the kept [`directory::Directory`] are
//! arguments; where it is kept is a port's matter, and how somebody identifies
//! themselves over a wire is a surface's.
//!
//! * [`grant`]: the roles, and what each may; [`viewer`]: somebody with their
//!   grants; [`sight`]: whose rows they see, which the read side keeps to.
//! * [`directory`]: the office's accounts and tokens; [`password`] and [`secret`]:
//!   how what they know is kept, which is never in the clear.
//! * [`feed`]: addresses that show one unit's deadlines to whoever has them.
//! * [`session`]: who is signed in; [`throttle`]: how often one may try.
//! * [`link`]: what a signed link in a message allows.
//! * [`claims`]: what an issuer's claims about a person grant.

pub mod claims;
pub mod directory;
pub mod feed;
pub mod grant;
pub mod link;
pub mod password;
pub mod secret;
pub mod session;
pub mod sight;
pub mod throttle;
pub mod viewer;
