// YoctoTests.swift — the layer for Yocto: its syntax, and its tasks, run by a shell as bitbake runs them
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct YoctoTests {
  let folder: Folder
  private static let recipe = "yocto/recipes-bsp/purgatory/purgatory.bb"

  init() throws { folder = try Folder() }

  @Test func theSyntax() throws {
    let recipe = try RecipeSyntax(integration(Self.recipe))
    #expect(recipe.functions.keys.sorted() == ["do_compile", "do_deploy"])
    #expect(recipe.tasks == ["deploy"] && recipe.inherited == ["deploy", "nopackages"])
    #expect(recipe.flags["do_compile[depends]"]?.contains("virtual/kernel:do_deploy") == true)
    #expect(recipe.variables["LICENSE"] == "MIT")
    let layer = try RecipeSyntax(integration("yocto/conf/layer.conf"))
    #expect(layer.variables["HOSTTOOLS_NONFATAL"] == "purgatory")
    // The recipe is where the layer looks for recipes.
    #expect(layer.variables["BBFILES"] == "${LAYERDIR}/recipes-*/*/*.bb")
    #expect(Self.recipe.wholeMatch(of: /yocto\/recipes-[^\/]+\/[^\/]+\/[^\/]+\.bb/) != nil)
  }

  @Test(arguments: [
    ("LICENSE = \"MIT\"", "LICENSE = MIT"), ("LICENSE = \"MIT\"", "LICENSE = \"MIT"),
    ("LICENSE = ", "LICENSE "), ("${MACHINE_ARCH}", "${MACHINE_ARCH"), ("do_deploy() {", "do_deploy()"),
    ("\n}\naddtask", "\naddtask"), ("inherit ", "inherits "), ("after do_compile", "after"),
    ("[depends]", "[depends"), ("# SPDX", "SPDX"),
  ])
  func aBrokenLineIsSeen(_ right: String, _ wrong: String) throws {
    let recipe = try integration(Self.recipe)
    let broken = recipe.replacing(right, with: wrong, maxReplacements: 1)
    try #require(broken != recipe)
    let line = try #require(
      zip(
        recipe.split(separator: "\n", omittingEmptySubsequences: false),
        broken.split(separator: "\n", omittingEmptySubsequences: false)
      ).enumerated().first { $1.0 != $1.1 }?.offset)
    #expect(throws: RecipeSyntax.Fault(line: line + 1)) { try RecipeSyntax(broken) }
  }

  @Test(arguments: [false, true]) func theTasks(_ hasInitrd: Bool) async throws {
    let recipe = try RecipeSyntax(integration(Self.recipe))
    try folder.writeInputs()
    for name in ["b", "deploy"] { try folder.makeFolder(name) }
    let environment = [
      "B": "\(folder.path)/b", "DEPLOYDIR": "\(folder.path)/deploy", "DEPLOY_DIR_IMAGE": folder.path,
      "PURGATORY_KERNEL": "Image", "PURGATORY_DTB": "board.dtb", "PURGATORY_OPTIONS": "--on-failure reset",
      "PURGATORY_INITRD": hasInitrd ? "initrd.img" : "",
      "PURGATORY_CMDLINE": hasInitrd ? "console=ttyAMA0 quiet" : "",
    ]
    for task in ["do_compile", "do_deploy"] {
      let outcome = try await folder.shell(try #require(recipe.functions[task]), environment)
      #expect(outcome.status == .exited(0), "\(task): \(outcome.error)")
    }
    let blob = "deploy/purgatory/purgatory.bin"
    #expect(try await folder.regions(of: blob) == (hasInitrd ? 3 : 2))
    #expect(try await folder.done(["show", blob]).text.contains(/on failure +reset/))
    // All that it verifies is there, too.
    #expect(
      folder.exists("deploy/purgatory/Image") && folder.exists("deploy/purgatory/initrd.img") == hasInitrd)
    #expect(try await folder.done(["check", "deploy/purgatory"]).status == .exited(0))
    for name in environment.keys where name.hasPrefix("PURGATORY_") {
      #expect(recipe.variables[name] != nil && Page.text.contains(name), "\(name)")
    }
  }
}
