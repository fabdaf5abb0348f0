// BuildrootTests.swift — the package for Buildroot: its menu, and its image, under macros that stand in for Buildroot's
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct BuildrootTests {
  let folder: Folder
  static let package = "buildroot/package/purgatory"

  init() throws { folder = try Folder() }

  /// What the package uses of Buildroot, and no more.
  private static let stubs = #"""
    qstrip = $(strip $(subst ",,$(1)))
    MESSAGE = echo ">>> $(1)"
    BINARIES_DIR = images
    define generic-package
    purgatory: $$(PURGATORY_DEPENDENCIES)
    	$$(PURGATORY_CONFIGURE_CMDS)
    endef
    all: world
    linux rootfs-cpio rootfs-initramfs: ; @echo $@ >>log
    .PHONY: all world linux purgatory rootfs-cpio rootfs-initramfs
    """#

  /// Makes the images of a configuration.
  private func make(
    _ configuration: String, package: String? = nil, path: String? = nil
  ) async throws -> Outcome {
    if !folder.exists("images") {
      try folder.makeFolder("images")
      try folder.writeInputs()
      for (name, image) in [
        ("Image", "Image"), ("board.dtb", "board.dtb"), ("initrd.img", "rootfs.cpio.gz"),
      ] { try folder.write(folder.read(name), to: "images/\(image)") }
    }
    try folder.write(try package ?? integration("\(Self.package)/purgatory.mk"), to: "purgatory.mk")
    try folder.write(
      "\(configuration)\n\(Self.stubs)\ninclude purgatory.mk\nworld: $(TARGETS_ROOTFS)\n", to: "Makefile")
    let make = try #require(Tools.inPath("make"))
    return try await Command.run(
      make, [], in: folder.path,
      environment: ["PATH": try path ?? pathWithPurgatory()])
  }

  private static let chosen = """
    BR2_PACKAGE_PURGATORY = y
    BR2_PACKAGE_PURGATORY_DTB = "board.dtb"
    BR2_PACKAGE_PURGATORY_CMDLINE = "console=ttyAMA0 root=/dev/vda"
    BR2_PACKAGE_PURGATORY_OPTIONS = "--on-failure reset"
    """

  @Test(.requires(program: "make"), arguments: ["", "cpio", "initramfs"])
  func theImageIsMade(_ filesystem: String) async throws {
    var configuration = Self.chosen
    if filesystem == "cpio" { configuration += "\nROOTFS_CPIO_COMPRESS_EXT = .gz" }
    if filesystem != "" { configuration += "\nBR2_TARGET_ROOTFS_CPIO = y" }
    if filesystem == "initramfs" { configuration += "\nBR2_TARGET_ROOTFS_INITRAMFS = y" }
    let outcome = try await make(configuration)
    #expect(outcome.status == .exited(0), "\(outcome.text)\(outcome.error)")
    let blob = "images/purgatory/purgatory.bin"
    // The kernel has an initramfs in it.
    #expect(try await folder.regions(of: blob) == (filesystem == "cpio" ? 3 : 2))
    #expect(try await folder.done(["show", blob]).text.contains(/on failure +reset/))
    #expect(try await folder.done(["check", "images/purgatory"]).status == .exited(0))
    let tree = String(decoding: try folder.read("images/purgatory/devicetree.dtb"), as: UTF8.self)
    #expect(tree.contains("console=ttyAMA0 root=/dev/vda\0"))
    let before = filesystem == "" ? [] : ["rootfs-\(filesystem)"]
    #expect(try folder.text(of: "log").split(separator: "\n").map(String.init) == ["linux"] + before)
  }

  @Test(.requires(program: "make")) func whatIsNotChosenDoesNothing() async throws {
    let outcome = try await make("BR2_PACKAGE_PURGATORY =")
    #expect(outcome.status == .exited(0) && !folder.exists("log"), "\(outcome.text)\(outcome.error)")
  }

  @Test(.requires(program: "make")) func withoutTheCommandItSaysSo() async throws {
    let outcome = try await make(Self.chosen, path: "/usr/bin:/bin")
    #expect(outcome.status == .exited(2))
    #expect(outcome.error.contains("error: no purgatory in PATH of this machine\n"), "\(outcome.error)")
  }

  @Test(.requires(program: "make"), arguments: ["\nendef\n", "\nendif\n", "$(call ", "rootfs-purgatory: "])
  func whatLacksIsSeen(_ text: String) async throws {
    let package = try integration("\(Self.package)/purgatory.mk")
    let broken = package.replacing(text, with: "\n", maxReplacements: 1)
    try #require(broken != package)
    let outcome = try await make(Self.chosen, package: broken)
    #expect(outcome.status == .exited(2), "\(outcome.text)\(outcome.error)")
  }

  /// As kconfiglib reads it: the symbols that there are with a kernel of arm64, and without.
  private func menu(_ kernel: String, _ more: String = "") async throws -> Outcome {
    try folder.makeFolder("package/purgatory")
    try folder.write(try integration("buildroot/Config.in"), to: "Config.in")
    try folder.write(try integration("\(Self.package)/Config.in") + more, to: "package/purgatory/Config.in")
    try folder.write(
      """
      config BR2_aarch64
      \tdef_bool y
      config BR2_LINUX_KERNEL
      \tdef_bool \(kernel)
      config BR2_LINUX_KERNEL_IMAGE
      \tdef_bool \(kernel)
      source "$BR2_EXTERNAL_PURGATORY_PATH/Config.in"

      """, to: "Kconfig")
    let script = """
      import kconfiglib
      k = kconfiglib.Kconfig("Kconfig")
      k.syms["BR2_PACKAGE_PURGATORY"].set_value(2)
      print([s.name for s in k.unique_defined_syms if s.visibility and "PURGATORY" in s.name], k.warnings)
      """
    return try await Command.run(
      "/usr/bin/python3", ["-c", script], in: folder.path,
      environment: ["BR2_EXTERNAL_PURGATORY_PATH": folder.path])
  }

  @Test(.requires(file: "/usr/lib/python3/dist-packages/kconfiglib.py")) func theMenu() async throws {
    let names = ["", "_DTB", "_CMDLINE", "_OPTIONS"].map { "'BR2_PACKAGE_PURGATORY\($0)'" }
    #expect(try await menu("y").text == "[\(names.joined(separator: ", "))] []\n")
    #expect(try await menu("n").text == "[] []\n")
    let broken = try await menu("y", "if BR2_PACKAGE_PURGATORY\n")
    #expect(broken.status == .exited(1) && broken.error.contains("Config.in"), "\(broken)")
    // The package reads what the menu writes.
    let package = try integration("\(Self.package)/purgatory.mk")
    for name in names { #expect(package.contains(name.dropFirst().dropLast()), "\(name)") }
  }
}
