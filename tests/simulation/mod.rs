//! Whole engines on one thread, with a simulated clock, scheduler and disk, all decided by a seed.
