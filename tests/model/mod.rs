//! A model of the rules of stock, written from their description and not from the ledger, and tables of steps.
