// InfoRules.swift — what a filled-in struct purgatory_info must satisfy, and what it lacks to be ready
// SPDX-License-Identifier: MIT

extension PurgatoryInfo {
  /// Everything that the purgatory would refuse, or that would break the next kernel; `file` is the blob's.
  public func problems(file: String) -> [Problem] {
    var problems: [Problem] = []
    func report(_ place: String, found: String, expected: String) {
      problems.append(Problem(file, place, found: found, expected: expected))
    }
    if !kernelEntry.isMultiple(of: 4) {
      report("kernel_entry", found: String(hex: kernelEntry), expected: "a multiple of 4")
    }
    if !dtbAddress.isMultiple(of: 8) {
      report("dtb_addr", found: String(hex: dtbAddress), expected: "a multiple of 8")
    }
    for (index, region) in usedRegions {
      if !region.base.isMultiple(of: Self.regionAlignment) {
        report(
          "region \(index)", found: "base \(String(hex: region.base))",
          expected: "a multiple of \(Self.regionAlignment)")
      }
      // Relative bases are offsets modulo 2^64: only the loader can tell whether their end wraps.
      if !flags.contains(.relative), region.base.addingReportingOverflow(region.size).overflow {
        report(
          "region \(index)", found: "\(String(hex: region.base)) + \(String(hex: region.size)) bytes",
          expected: "an end below 2^64")
      }
    }
    if kernelEntry != 0, !usedRegions.isEmpty,
      !usedRegions.contains(where: { $0.region.contains(kernelEntry) })
    {
      report("kernel_entry", found: String(hex: kernelEntry), expected: "an address in one of the regions")
    }
    return problems
  }

  /// What is missing before the purgatory can boot something; empty: it is ready.
  public var missing: [String] {
    var missing: [String] = []
    if kernelEntry == 0 { missing.append("kernel_entry") }
    if !skipChecks {
      if usedRegions.isEmpty { missing.append("regions to verify") }
      if flags.isDisjoint(with: [.verifyRegions, .verifyCombined]) {
        missing.append("digests to verify with")
      }
    }
    return missing
  }
}

extension PurgatoryInfo.Region {
  /// Whether `address` lies in the region, modulo 2^64.
  func contains(_ address: UInt64) -> Bool { address &- base < size }
}
