//! The one integration binary; each module tests one promise from outside.

mod calendar_vectors;
