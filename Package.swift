// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT

import PackageDescription

let package = Package(
  name: "purgatory",
  products: [
    .executable(name: "purgatory", targets: ["purgatory"]),
    .library(name: "PurgatoryKit", targets: ["PurgatoryKit"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
  ],
  targets: [
    // C: dependencies point down this file, never up (docs/architecture.md).
    .systemLibrary(
      name: "CLibELF", pkgConfig: "libelf", providers: [.apt(["libelf-dev"])]),
    .systemLibrary(
      name: "CLibFDT", providers: [.apt(["libfdt-dev"])]),
    .systemLibrary(name: "PurgatoryABI"),

    // Safe Swift over one C library each.
    .target(name: "ELF", dependencies: ["CLibELF"]),
    .target(name: "DeviceTree", dependencies: ["CLibFDT"]),

    // The domain.
    .target(
      name: "PurgatoryKit",
      dependencies: [
        "ELF", "DeviceTree", "PurgatoryABI",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),

    // The command, a thin shell over the domain.
    .executableTarget(
      name: "purgatory",
      dependencies: [
        "PurgatoryKit",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),

    .testTarget(name: "ELFTests", dependencies: ["ELF"]),
    .testTarget(name: "DeviceTreeTests", dependencies: ["DeviceTree", "TestSupport"]),
    .testTarget(
      name: "PurgatoryKitTests",
      dependencies: [
        "PurgatoryKit", "PurgatoryABI", .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "purgatory", "TestSupport",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ], exclude: ["Golden"]),

    // Tests that run QEMU, and the bench that counts instructions in it.
    .testTarget(
      name: "CheckTests", dependencies: ["ELF", "PurgatoryKit", "TestSupport", "purgatory"],
      exclude: ["Golden"]),
    .target(
      name: "TestSupport",
      dependencies: [
        "ELF", "PurgatoryKit",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/TestSupport"),
    .testTarget(
      name: "BlobTests", dependencies: ["PurgatoryABI", "PurgatoryKit", "TestSupport"],
      exclude: ["Payload", "README.md"]),
    .testTarget(name: "BootTests", dependencies: ["PurgatoryKit", "TestSupport"]),
    .testTarget(
      name: "LoaderTests", dependencies: ["ELF", "PurgatoryKit", "TestSupport", "purgatory"],
      exclude: ["Guest"]),
    .testTarget(name: "LayoutTests", dependencies: ["CommandTests", "PurgatoryKit", "TestSupport"]),
    .testTarget(
      name: "RunTests",
      dependencies: [
        "purgatory", "PurgatoryKit", "TestSupport",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ]),
    .executableTarget(
      name: "bench", dependencies: ["ELF", "PurgatoryKit", "TestSupport"],
      path: "Tests/Bench", exclude: ["Payload"]),
  ],
  swiftLanguageModes: [.v6]
)
