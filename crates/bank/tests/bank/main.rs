//! The tests of the crate, in one program because linking one is quicker than linking four.

mod account_numbers;
mod card_numbers;
mod check_digits;
mod instructions;
mod profiles;
