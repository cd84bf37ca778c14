//! What only a real broker can do to a log.
