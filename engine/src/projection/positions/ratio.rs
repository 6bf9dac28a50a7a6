//! Shares of 128-bit amounts, exact whatever the product in between is.

/// `total` x `factor` / `divisor`, rounded half up; at the end of 128 bits it stays there. `total`
/// is not negative, `divisor` is positive and, like both, below 2^127.
pub(super) fn rounded(total: i128, factor: u128, divisor: u128) -> i128 {
    let total = u128::try_from(total).expect("a cost is not negative");
    assert!(divisor > 0, "nothing is shared among nobody");
    let (quotient, rest) = match total.checked_mul(factor) {
        Some(product) => (product / divisor, product % divisor),
        None => long_division(total, factor, divisor),
    };
    let is_half = rest >= divisor - rest;
    i128::try_from(quotient.saturating_add(u128::from(is_half))).unwrap_or(i128::MAX)
}

/// Quotient, at the end of 128 bits stopped, and remainder of a product that does not fit.
fn long_division(total: u128, factor: u128, divisor: u128) -> (u128, u128) {
    let (whole, part) = (total / divisor, total % divisor);
    let (mut quotient, mut rest) = (0u128, 0u128);
    let carry = |rest: u128| if rest >= divisor { (1, rest - divisor) } else { (0, rest) };
    for bit in (0..u128::BITS).rev() {
        let (doubled, left) = carry(rest * 2);
        let (added, left) = if factor >> bit & 1 == 1 { carry(left + part) } else { (0, left) };
        quotient = quotient * 2 + doubled + added;
        rest = left;
    }
    (whole.saturating_mul(factor).saturating_add(quotient), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_half_up_even_where_the_product_does_not_fit() {
        const BIG: i128 = i128::MAX;
        for (total, factor, divisor, expected) in [
            (0, 5, 3, 0),
            (10, 1, 3, 3),
            (11, 1, 3, 4),
            (5, 1, 2, 3),
            (7, 1, 2, 4),
            (7, 10, 7, 10),
            (BIG, 3, 3, BIG),
            (BIG, 1 << 60, 1 << 61, BIG / 2 + 1),
            (BIG, 2, 1, BIG),
            (BIG, u128::MAX >> 1, u128::MAX >> 1, BIG),
            (BIG - 1, (u128::MAX >> 1) - 1, u128::MAX >> 1, BIG - 2),
            (
                10i128.pow(38),
                10u128.pow(18),
                10u128.pow(20) * 3,
                333_333_333_333_333_333_333_333_333_333_333_333,
            ),
        ] {
            assert_eq!(rounded(total, factor, divisor), expected, "{total} x {factor} / {divisor}");
        }
    }

    #[test]
    fn long_division_is_division() {
        let mut seed = 1u128;
        let mut next = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            seed >> 70
        };
        for _ in 0..10_000 {
            let (total, factor, divisor) = (next(), next(), next() + 1);
            let product = total * factor;
            let expected = (product / divisor, product % divisor);
            assert_eq!(long_division(total, factor, divisor), expected);
        }
    }
}
