// Go.swift — runs the go command: offline, with what Debian has, and a cache that all tests share
// SPDX-License-Identifier: MIT

import Foundation

public enum Go {
  static let path = Tools.inPath("go")

  /// What has it work so.
  public static let environment = [
    "GOCACHE": "\(packageFolder)/.cache/go", "GOPATH": "\(packageFolder)/.cache/go-path",
    "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false",
  ]

  /// Runs `go` in a folder of the package, or of a copy of it.
  public static func run(
    _ arguments: [String], in directory: String, environment: [String: String] = [:]
  ) async throws -> Outcome {
    guard let path else { throw ToolFailure(description: "go is not installed") }
    return try await Command.run(
      path, arguments, in: directory, environment: Self.environment.merging(environment) { $1 })
  }
}
