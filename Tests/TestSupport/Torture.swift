// Torture.swift — whether tests run at their full size
// SPDX-License-Identifier: MIT

import Foundation

public enum Torture {
  /// `make torture`: a part of it is in `make test`.
  public static let isFull = ProcessInfo.processInfo.environment["TORTURE"] == "full"
}
