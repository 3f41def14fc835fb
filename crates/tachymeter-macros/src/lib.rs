//! The attribute macro of `tachymeter`.
