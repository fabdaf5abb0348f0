// BuildSystemTests.swift — Make, Kbuild, CMake and Meson build a purgatory, when there is a reason to, and check it
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct BuildSystemTests {
  @Test(.requires(.make), arguments: Behaviour.allCases)
  func make(_ behaviour: Behaviour) async throws {
    try await behaviour.expect(of: .make)
  }

  @Test(.requires(.kbuild), arguments: Behaviour.allCases)
  func kbuild(_ behaviour: Behaviour) async throws {
    try await behaviour.expect(of: .kbuild)
  }

  @Test(.requires(.cmake), arguments: Behaviour.allCases, ["Unix Makefiles", "Ninja"])
  func cmake(_ behaviour: Behaviour, _ generator: String) async throws {
    var system = BuildSystem.cmake
    system.environment["CMAKE_GENERATOR"] = generator
    try await behaviour.expect(of: system)
  }

  @Test(.requires(.meson), arguments: Behaviour.allCases)
  func meson(_ behaviour: Behaviour) async throws {
    try await behaviour.expect(of: .meson)
  }

  /// As the page's table has it.
  @Test(
    .requires(.make), .requires(.cmake), .requires(.meson),
    arguments: [(BuildSystem.make, "a b:c #1.dtb"), (.cmake, "a b #1.dtb"), (.meson, "a b:c #1.dtb")])
  func names(_ system: BuildSystem, _ name: String) async throws {
    let project = try Project(system) {
      $0.replacing("board.dtb", with: system.name == "make" ? name.replacing("#", with: "\\#") : name)
    }
    try FileManager.default.moveItem(
      atPath: "\(project.folder.path)/board.dtb", toPath: "\(project.folder.path)/\(name)")
    try await Behaviour.expectBuilds(project)
    let first = try project.blobNumber()
    try await Behaviour.expectBuilds(project)
    #expect(try project.blobNumber() == first)
    try project.folder.write(project.folder.read(name), to: name)
    try await Behaviour.expectBuilds(project)
    #expect(try project.blobNumber() != first)
  }

  /// Kbuild remembers its commands.
  @Test(.requires(.kbuild)) func kbuildSeesAnotherCommandLine() async throws {
    let project = try Project(.kbuild)
    try await Behaviour.expectBuilds(project)
    let changed = try await project.build(["CMDLINE": "console=ttyS0 quiet"])
    #expect(changed.status == .exited(0), "\(changed.error)")
    let tree = String(decoding: try project.folder.read("out/devicetree.dtb"), as: UTF8.self)
    #expect(tree.contains("console=ttyS0 quiet"))
  }
}

/// What is expected of each.
enum Behaviour: CaseIterable {
  case buildsOnce, buildsAnew, refusesWhatIsBroken, findsDamage, seesAnotherPurgatory

  func expect(of system: BuildSystem) async throws {
    let project = try Project(system)
    let folder = project.folder
    if self == .refusesWhatIsBroken {
      try folder.write(Array(try folder.read("board.dtb").prefix(100)), to: "board.dtb")
      let outcome = try await project.build()
      #expect(outcome.status != .exited(0))
      #expect((outcome.text + outcome.error).contains("board.dtb: "), "\(outcome.text)\(outcome.error)")
      #expect(!folder.exists(project.blob))
      return
    }
    let own = self == .seesAnotherPurgatory ? try await project.install() : [:]
    try await Self.expectBuilds(project, own)
    let first = try project.blobNumber()
    switch self {
    case .buildsOnce:
      #expect(try await folder.regions(of: project.blob) == 3)
      try await Self.expectBuilds(project)
      #expect(try project.blobNumber() == first, "built again for nothing")
    case .buildsAnew:
      // Kbuild's kernel is another's.
      var inputs = ["Image", "initrd.img", "board.dtb"]
      if system.name == "kbuild" { inputs.removeFirst() }
      var number = first
      for input in inputs {
        let before = try folder.read(project.blob)
        // Zeros behind: of a kernel, an initrd and a device tree alike.
        try folder.write(try folder.read(input) + [UInt8](repeating: 0, count: 64), to: input)
        try await Self.expectBuilds(project)
        #expect(try project.blobNumber() != number, "after a change of \(input)")
        if input != "board.dtb" { #expect(try folder.read(project.blob) != before, "\(input)") }
        number = try project.blobNumber()
      }
    case .findsDamage:
      try await folder.damage(project.blob, at: 0x400)
      let damaged = try project.blobNumber()
      let outcome = try await project.build()
      #expect(outcome.status != .exited(0), "\(outcome.text)")
      #expect(try project.blobNumber() == damaged, "built again, not checked")
    case .seesAnotherPurgatory:
      // As another release brings it: only the depfile names it.
      try folder.write(try folder.read(Project.installed), to: Project.installed)
      try await Self.expectBuilds(project, own)
      let second = try project.blobNumber()
      #expect(second != first, "not built again")
      try await Self.expectBuilds(project, own)
      #expect(try project.blobNumber() == second, "built again for nothing")
    case .refusesWhatIsBroken: break
    }
  }

  static func expectBuilds(_ project: Project, _ environment: [String: String] = [:]) async throws {
    let outcome = try await project.build(environment)
    try #require(outcome.status == .exited(0), "\(outcome.text)\(outcome.error)")
  }
}
