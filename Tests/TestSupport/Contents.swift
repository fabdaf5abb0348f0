// Contents.swift — what may be left in files, held: tests make it of bytes, or of small files that nobody changes
// SPDX-License-Identifier: MIT

import PurgatoryKit

extension Contents {
  /// None, if they cannot be read.
  public var all: [UInt8] { (try? bytes(.segment)) ?? [] }
}

extension Segment {
  public var bytes: [UInt8] { contents.all }
}

extension File {
  public var bytes: [UInt8] { contents.all }
}
