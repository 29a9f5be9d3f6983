//! Orders, customers and the home page.

mod badges;
