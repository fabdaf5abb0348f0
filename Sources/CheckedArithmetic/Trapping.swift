// Trapping.swift — the operators that end the program on overflow, hidden from whoever imports this module
// SPDX-License-Identifier: MIT
//
// In a file's or a user's numbers an overflow is bad input, not a bug: it has to become an error that says so. These
// declarations shadow the standard library's for the types that such numbers have. Using one is a warning, and in this
// package warnings are errors, so the compiler keeps the list of those that are left: it is empty. (`&+` and its kin
// wrap, and stay; so do array indices, which are `Int` and checked against the array.)

extension UInt64 {
  @available(*, deprecated, message: "traps: use plus")
  package static func + (left: UInt64, right: UInt64) -> UInt64 { left.plus(right)! }
  @available(*, deprecated, message: "traps: use plus")
  package static func += (left: inout UInt64, right: UInt64) { left = left.plus(right)! }
  @available(*, deprecated, message: "traps: use minus")
  package static func - (left: UInt64, right: UInt64) -> UInt64 { left.minus(right)! }
  @available(*, deprecated, message: "traps: use minus")
  package static func -= (left: inout UInt64, right: UInt64) { left = left.minus(right)! }
  @available(*, deprecated, message: "traps: use times")
  package static func * (left: UInt64, right: UInt64) -> UInt64 { left.times(right)! }
  @available(*, deprecated, message: "traps: use times")
  package static func *= (left: inout UInt64, right: UInt64) { left = left.times(right)! }
  @available(*, deprecated, message: "traps: use over")
  package static func / (left: UInt64, right: UInt64) -> UInt64 { left.over(right)! }
  @available(*, deprecated, message: "traps: use over")
  package static func /= (left: inout UInt64, right: UInt64) { left = left.over(right)! }
  @available(*, deprecated, message: "traps: use modulo")
  package static func % (left: UInt64, right: UInt64) -> UInt64 { left.modulo(right)! }
  @available(*, deprecated, message: "traps: use modulo")
  package static func %= (left: inout UInt64, right: UInt64) { left = left.modulo(right)! }
  @available(*, deprecated, message: "traps: use Range(base:size:) or Range(from:to:)")
  package static func ..< (first: UInt64, last: UInt64) -> Range<UInt64> {
    Range(uncheckedBounds: (Swift.min(first, last), last))
  }
  @available(*, deprecated, message: "traps: use Range(base:size:) or Range(from:to:)")
  package static func ... (first: UInt64, last: UInt64) -> ClosedRange<UInt64> {
    ClosedRange(uncheckedBounds: (Swift.min(first, last), last))
  }
}

extension UInt32 {
  @available(*, deprecated, message: "traps: use plus")
  package static func + (left: UInt32, right: UInt32) -> UInt32 { left.plus(right)! }
  @available(*, deprecated, message: "traps: use plus")
  package static func += (left: inout UInt32, right: UInt32) { left = left.plus(right)! }
  @available(*, deprecated, message: "traps: use minus")
  package static func - (left: UInt32, right: UInt32) -> UInt32 { left.minus(right)! }
  @available(*, deprecated, message: "traps: use minus")
  package static func -= (left: inout UInt32, right: UInt32) { left = left.minus(right)! }
  @available(*, deprecated, message: "traps: use times")
  package static func * (left: UInt32, right: UInt32) -> UInt32 { left.times(right)! }
  @available(*, deprecated, message: "traps: use times")
  package static func *= (left: inout UInt32, right: UInt32) { left = left.times(right)! }
  @available(*, deprecated, message: "traps: use over")
  package static func / (left: UInt32, right: UInt32) -> UInt32 { left.over(right)! }
  @available(*, deprecated, message: "traps: use over")
  package static func /= (left: inout UInt32, right: UInt32) { left = left.over(right)! }
  @available(*, deprecated, message: "traps: use modulo")
  package static func % (left: UInt32, right: UInt32) -> UInt32 { left.modulo(right)! }
  @available(*, deprecated, message: "traps: use modulo")
  package static func %= (left: inout UInt32, right: UInt32) { left = left.modulo(right)! }
  @available(*, deprecated, message: "traps: use Range(base:size:) or Range(from:to:)")
  package static func ..< (first: UInt32, last: UInt32) -> Range<UInt32> {
    Range(uncheckedBounds: (Swift.min(first, last), last))
  }
  @available(*, deprecated, message: "traps: use Range(base:size:) or Range(from:to:)")
  package static func ... (first: UInt32, last: UInt32) -> ClosedRange<UInt32> {
    ClosedRange(uncheckedBounds: (Swift.min(first, last), last))
  }
}

extension Int64 {
  @available(*, deprecated, message: "traps: use plus")
  package static func + (left: Int64, right: Int64) -> Int64 { left.plus(right)! }
  @available(*, deprecated, message: "traps: use plus")
  package static func += (left: inout Int64, right: Int64) { left = left.plus(right)! }
  @available(*, deprecated, message: "traps: use minus")
  package static func - (left: Int64, right: Int64) -> Int64 { left.minus(right)! }
  @available(*, deprecated, message: "traps: use minus")
  package static func -= (left: inout Int64, right: Int64) { left = left.minus(right)! }
  @available(*, deprecated, message: "traps: use times")
  package static func * (left: Int64, right: Int64) -> Int64 { left.times(right)! }
  @available(*, deprecated, message: "traps: use times")
  package static func *= (left: inout Int64, right: Int64) { left = left.times(right)! }
  @available(*, deprecated, message: "traps: use over")
  package static func / (left: Int64, right: Int64) -> Int64 { left.over(right)! }
  @available(*, deprecated, message: "traps: use over")
  package static func /= (left: inout Int64, right: Int64) { left = left.over(right)! }
  @available(*, deprecated, message: "traps: use modulo")
  package static func % (left: Int64, right: Int64) -> Int64 { left.modulo(right)! }
  @available(*, deprecated, message: "traps: use modulo")
  package static func %= (left: inout Int64, right: Int64) { left = left.modulo(right)! }
  @available(*, deprecated, message: "traps: use Range(base:size:) or Range(from:to:)")
  package static func ..< (first: Int64, last: Int64) -> Range<Int64> {
    Range(uncheckedBounds: (Swift.min(first, last), last))
  }
  @available(*, deprecated, message: "traps: use Range(base:size:) or Range(from:to:)")
  package static func ... (first: Int64, last: Int64) -> ClosedRange<Int64> {
    ClosedRange(uncheckedBounds: (Swift.min(first, last), last))
  }
}

extension Int {
  @available(*, deprecated, message: "traps: use Int(exactly:) or Int(clamping:)")
  package init(_ number: UInt64) { self.init(exactly: number)! }
  @available(*, deprecated, message: "traps: use Int(exactly:) or Int(clamping:)")
  package init(_ number: Int64) { self.init(exactly: number)! }
}

extension UInt32 {
  @available(*, deprecated, message: "traps: use UInt32(exactly:) or UInt32(clamping:)")
  package init(_ number: UInt64) { self.init(exactly: number)! }
  @available(*, deprecated, message: "traps: use UInt32(exactly:) or UInt32(clamping:)")
  package init(_ number: Int) { self.init(exactly: number)! }
}

extension Int32 {
  @available(*, deprecated, message: "traps: use Int32(exactly:) or Int32(clamping:)")
  package init(_ number: UInt64) { self.init(exactly: number)! }
  @available(*, deprecated, message: "traps: use Int32(exactly:) or Int32(clamping:)")
  package init(_ number: UInt32) { self.init(exactly: number)! }
  @available(*, deprecated, message: "traps: use Int32(exactly:) or Int32(clamping:)")
  package init(_ number: Int) { self.init(exactly: number)! }
}

extension Range<UInt64> {
  @available(*, deprecated, message: "traps: use size")
  package var count: Int { Int(exactly: size)! }
}

extension Int {
  // Not deprecated: without these a literal range would be taken for one of the types above.
  package static func ..< (first: Int, last: Int) -> Range<Int> {
    precondition(first <= last, "a range whose end is before its start")
    return Range(uncheckedBounds: (first, last))
  }
  package static func ... (first: Int, last: Int) -> ClosedRange<Int> {
    precondition(first <= last, "a range whose end is before its start")
    return ClosedRange(uncheckedBounds: (first, last))
  }
}
