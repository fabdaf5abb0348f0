// Checked.swift — arithmetic on numbers that come from outside: the result, or nil where there is none
// SPDX-License-Identifier: MIT

extension FixedWidthInteger {
  /// The sum; nil where it does not fit.
  package func plus(_ other: Self) -> Self? {
    let (result, overflow) = addingReportingOverflow(other)
    return overflow ? nil : result
  }

  /// The difference; nil where it does not fit.
  package func minus(_ other: Self) -> Self? {
    let (result, overflow) = subtractingReportingOverflow(other)
    return overflow ? nil : result
  }

  /// The product; nil where it does not fit.
  package func times(_ other: Self) -> Self? {
    let (result, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? nil : result
  }

  /// The quotient without its fraction; nil for a divisor of 0.
  package func over(_ other: Self) -> Self? {
    let (result, overflow) = dividedReportingOverflow(by: other)
    return overflow ? nil : result
  }

  /// What is left over by a division; nil for a divisor of 0.
  package func modulo(_ other: Self) -> Self? {
    let (result, overflow) = remainderReportingOverflow(dividingBy: other)
    return overflow ? nil : result
  }
}

extension UInt64 {
  /// The largest multiple of `unit` up to here; a unit of 0 asks for nothing.
  package func roundedDown(to unit: UInt64) -> UInt64 {
    self &- (modulo(unit) ?? 0)
  }

  /// The smallest multiple of `unit` from here on, nil where it does not fit; a unit of 0 asks for nothing.
  package func roundedUp(to unit: UInt64) -> UInt64? {
    let excess = modulo(unit) ?? 0
    return excess == 0 ? self : plus(unit &- excess)
  }
}

extension Range<UInt64> {
  /// nil where the range is empty or its end would not be a 64-bit number.
  package init?(base: UInt64, size: UInt64) {
    guard size > 0, let end = base.plus(size) else { return nil }
    self.init(uncheckedBounds: (base, end))
  }

  /// From `base` up to `end`; nil where nothing lies between them.
  package init?(from base: UInt64, to end: UInt64) {
    guard base < end else { return nil }
    self.init(uncheckedBounds: (base, end))
  }

  /// Bytes, of a range of addresses.
  package var size: UInt64 { upperBound &- lowerBound }
}
