//! What the buttons page knows: colours and delays.

use serde::{Deserialize, Serialize};

/// What a button paints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Colour {
    /// The fast one.
    Red,
    /// The middling one.
    Green,
    /// The slow one.
    Blue,
}

impl Colour {
    /// In the order of the page.
    pub const ALL: [Self; 3] = [Self::Red, Self::Green, Self::Blue];

    /// As a label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Red => "Red",
            Self::Green => "Green",
            Self::Blue => "Blue",
        }
    }

    /// As a class and as the interaction's name.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
        }
    }
}

/// How long the server takes for each colour, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delays {
    /// For red.
    pub red: u64,
    /// For green.
    pub green: u64,
    /// For blue.
    pub blue: u64,
}

impl Delays {
    /// For any of them.
    pub const fn of(&self, colour: Colour) -> u64 {
        match colour {
            Colour::Red => self.red,
            Colour::Green => self.green,
            Colour::Blue => self.blue,
        }
    }
}
