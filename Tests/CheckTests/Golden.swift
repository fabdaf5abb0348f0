// Golden.swift — expects texts to be what the files in Golden/ say
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

extension Golden {
  /// Expects `text`, its volatile parts replaced, to be what the file says.
  static func expect(
    _ text: String, _ name: String, in folder: Folder? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let fault = try Golden().fault(text, name, in: folder)
    #expect(fault == nil, sourceLocation: sourceLocation)
  }
}
