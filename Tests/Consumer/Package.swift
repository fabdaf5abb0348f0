// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT

import PackageDescription

let package = Package(
  name: "consumer",
  dependencies: [.package(name: "purgatory", path: "../..")],
  targets: [
    .executableTarget(
      name: "consumer", dependencies: [.product(name: "PurgatoryKit", package: "purgatory")])
  ],
  swiftLanguageModes: [.v6]
)
