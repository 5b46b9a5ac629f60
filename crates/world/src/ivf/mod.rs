//! The nearest of many million vectors, without looking at each.
