//! The operators inside expressions.

