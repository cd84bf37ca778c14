//! Rules read as people say them.
