//! The `duban` program: it only hands over to the command line.

fn main() {}
