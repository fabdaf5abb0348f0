// ExpectedOutput.swift — what a page says that a program prints, and what it printed
// SPDX-License-Identifier: MIT

import Foundation

public enum ExpectedOutput {
  /// The first line that is not in the text behind those before it; others may stand between them. nil: all are there.
  ///
  /// A kernel's release, its times, and numbers of two digits and more may be others. `…` after hexadecimal digits is the rest of a
  /// digest, anywhere else any text, and alone on a line nothing.
  public static func missing(_ lines: some Sequence<Substring>, in text: String) throws -> Substring? {
    var rest = text.replacing("\r\n", with: "\n").split(separator: "\n")[...]
    for line in lines where !line.isEmpty && line != "…" {
      let pattern = try pattern(line)
      guard let found = try rest.firstIndex(where: { try pattern.wholeMatch(in: $0) != nil }) else {
        return line
      }
      rest = rest[(found + 1)...]
    }
    return nil
  }

  private static func pattern(_ line: Substring) throws -> Regex<AnyRegexOutput> {
    var pattern = NSRegularExpression.escapedPattern(for: String(line))
    // A kernel's release, its times, digests that are cut short, numbers in hexadecimal and decimal.
    for (varies, any) in [
      (#"\d[\\.\-0-9]*-cloud-arm64"#, "\u{1}"), (#"^\\\[ *[0-9\\.]+\\?\]"#, "\u{5}"), ("[0-9a-f]+…", "\u{2}"),
      ("…", ".*"), ("0x[0-9a-f]+", "\u{3}"), (#"\d{2,}"#, "\u{4}"),
    ] {
      pattern = pattern.replacing(try Regex(varies), with: any)
    }
    for (mark, any) in [
      ("\u{1}", #"\S+-cloud-arm64"#), ("\u{2}", "[0-9a-f]{64}"), ("\u{3}", "0x[0-9a-f]+"), ("\u{4}", #"\d+"#),
      ("\u{5}", #"\[ *[0-9.]+\]"#),
    ] {
      pattern = pattern.replacing(mark, with: any)
    }
    return try Regex(pattern)
  }
}
