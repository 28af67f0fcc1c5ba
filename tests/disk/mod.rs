//! Attacks on what is written: at every operation every state that a crash can leave, every operation failing,
//! every bit flipped.
