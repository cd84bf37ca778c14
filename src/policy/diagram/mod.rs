//! A workflow as a drawing: its states, the facts between them, its clocks.
//!
//! [`drawing`] says what is to be drawn, [`layout`] where, [`svg`] draws it and
//! [`mermaid`] writes it for tools that draw themselves. All of it is a pure
//! function of the workflow, so that the same workflow gives the same bytes.

pub mod drawing;
pub mod layout;
pub mod mermaid;
pub mod svg;

#[cfg(test)]
mod tests;

pub use drawing::Drawing;
