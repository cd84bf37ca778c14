//! What is kept in files of its own: the office's accounts and tokens.
//!
//! A store of sled belongs to one process; these are read by the server and changed
//! by the command line beside it, and few enough to be written whole.

mod directory;

pub use directory::FileDirectory;
