// XML.swift — text in reports and pictures that are XML
// SPDX-License-Identifier: MIT

import CheckedArithmetic

extension String {
  /// As text, or the value of an attribute.
  var escapedForXML: String {
    // By scalar: a combining character behind it must not hide one that has to be escaped.
    unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}
