// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT

import PackageDescription

/// No warnings, and no operator that traps on a number from outside (Sources/CheckedArithmetic/Trapping.swift).
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// What tests do a million times is compiled for speed, in a debug build, too.
let fast: [SwiftSetting] = [.unsafeFlags(["-O"])]

/// The commit, where `make` builds: an environment variable, since that is what SwiftPM reads anew each time.
let commit = Context.environment["PURGATORY_COMMIT"].map {
  [CSetting.define("PURGATORY_COMMIT", to: "\"\($0)\"")]
}

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
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "PurgatoryABI"),

    // The command line, also where there is no /proc.
    .target(name: "CArguments"),

    // The file VERSION, and the commit.
    .target(name: "CVersion", cSettings: commit),

    // Arithmetic that cannot trap; in its importers, nothing else compiles.
    .target(name: "CheckedArithmetic"),

    // Safe Swift over one C library each.
    .target(name: "ELF", dependencies: ["CLibELF", "CheckedArithmetic"], swiftSettings: strict),
    .target(name: "DeviceTree", dependencies: ["CLibFDT", "CheckedArithmetic"], swiftSettings: strict),

    // What kernels are packed in: a file, and an importer, for each C library.
    .target(
      name: "Decompression", dependencies: ["CZlib", "CZstd", "CLZMA", "CheckedArithmetic"],
      swiftSettings: strict),

    // The domain.
    .target(
      name: "PurgatoryKit",
      dependencies: [
        "ELF", "DeviceTree", "Decompression", "PurgatoryABI", "CVersion", "CheckedArithmetic",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ], swiftSettings: strict),

    // The command, a thin shell over the domain; and the program, which is nothing but its main.
    .target(
      name: "PurgatoryCommand",
      dependencies: [
        "PurgatoryKit", "CheckedArithmetic", "CArguments",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ], swiftSettings: strict),
    .executableTarget(name: "purgatory", dependencies: ["PurgatoryCommand"], swiftSettings: strict),

    .testTarget(name: "ELFTests", dependencies: ["ELF"]),
    .testTarget(name: "DeviceTreeTests", dependencies: ["DeviceTree", "TestSupport"]),
    .testTarget(
      name: "PurgatoryKitTests",
      dependencies: [
        "CheckedArithmetic", "PurgatoryKit", "PurgatoryABI",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "PurgatoryCommand", "purgatory", "random-commands", "TestSupport",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ], exclude: ["Golden"]),

    // Code in an emulated processor. A test target, or building all that is not a test would need libunicorn.
    .systemLibrary(name: "CUnicorn", path: "Tests/CUnicorn", providers: [.apt(["libunicorn-dev"])]),
    .testTarget(name: "Emulation", dependencies: ["CUnicorn"], swiftSettings: fast),
    .testTarget(
      name: "RoutineTests",
      dependencies: [
        "Emulation", "PurgatoryKit", "TestSupport", .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: fast),

    // Tests that run QEMU, and the bench that counts instructions in it.
    .testTarget(
      name: "CheckTests",
      dependencies: ["ELF", "Emulation", "PurgatoryKit", "PurgatoryCommand", "TestSupport", "purgatory"],
      exclude: ["Golden"]),
    .target(
      name: "TestSupport",
      dependencies: [
        "ELF", "PurgatoryKit",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/TestSupport", swiftSettings: fast),
    .testTarget(
      name: "BlobTests",
      dependencies: [
        "PurgatoryABI", "PurgatoryKit", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Payload", "README.md"]),
    .testTarget(
      name: "MutationTests",
      dependencies: ["BlobTests", "Emulation", "PurgatoryABI", "PurgatoryKit", "RoutineTests", "TestSupport"]),
    .testTarget(
      name: "BoardTests", dependencies: ["DeviceTree", "PurgatoryKit", "TestSupport", "purgatory"]),
    // A consumer of the library, as packageAccess says; Tests/Consumer is its package.
    .executableTarget(
      name: "consumer", dependencies: ["PurgatoryKit"], path: "Tests/Consumer/Sources/consumer",
      packageAccess: false),
    .testTarget(
      name: "LibraryTests",
      dependencies: [
        "CommandTests", "PurgatoryKit", "TestSupport", "consumer", "purgatory",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      exclude: ["Golden"]),
    .testTarget(name: "DocsTests", dependencies: ["LoaderTests", "TestSupport", "purgatory"]),
    .testTarget(name: "BootTests", dependencies: ["PurgatoryKit", "TestSupport"]),
    .testTarget(
      name: "LoaderTests", dependencies: ["ELF", "PurgatoryKit", "TestSupport", "purgatory"],
      exclude: ["Guest"]),
    .testTarget(name: "IntegrationTests", dependencies: ["CommandTests", "TestSupport", "purgatory"]),
    .testTarget(
      name: "TortureTests",
      dependencies: [
        "CommandTests", "TestSupport", "purgatory", .product(name: "Subprocess", package: "swift-subprocess"),
      ]),
    .testTarget(name: "LayoutTests", dependencies: ["CommandTests", "PurgatoryKit", "TestSupport"]),
    .testTarget(
      name: "RunTests",
      dependencies: [
        "purgatory", "PurgatoryKit", "TestSupport",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ]),
    .executableTarget(
      name: "random-commands",
      dependencies: [
        "PurgatoryCommand", "PurgatoryKit", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/RandomCommands"),
    .executableTarget(
      name: "bench", dependencies: ["ELF", "PurgatoryKit", "TestSupport"],
      path: "Tests/Bench", exclude: ["Payload"]),
  ],
  swiftLanguageModes: [.v6]
)

// `make fuzz` links it with a sanitizer that nothing else is to have.
if Context.environment["PURGATORY_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "Decompression", "DeviceTree", "ELF", "PurgatoryCommand", "PurgatoryKit", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/Fuzz"))
}
