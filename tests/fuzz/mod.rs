//! Bytes from outside, given to everything that reads them: each target takes any input and must not panic.
