// RulePages.swift — what each rule finds, why that matters, how it is mended: `--explain` shows it, docs/rules.md has it
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

extension Rule {
  /// What it finds.
  package var what: String { text.what }
  /// Why that matters.
  package var why: String { text.why }
  /// How it is mended.
  package var mend: String { text.mend }

  /// The page, a chapter of docs/rules.md.
  package var page: String {
    """
    ## \(rawValue)

    **What.** \(what)

    **Why.** \(why)

    **Mend.** \(mend)
    """
  }

  private struct Text {
    let what: String
    let why: String
    let mend: String
  }

  private var text: Text {
    switch self {
    case .dynamicRelocation:
      Text(
        what: """
          Any relocation that is left for whoever loads the file: each entry of a loaded SHT_REL, SHT_RELA, SHT_RELR or
          SHT_CREL section, and of the tables that DT_REL, DT_RELA, DT_RELR, DT_JMPREL and Android's packed tables name, also
          where section headers are stripped or say something else. A packed RELR entry counts as the relocations that it
          expands to. In an object file it is, with the default profile, every relocation of what would be loaded, since a
          loader that takes objects has to apply them; each finding says whether a link could have resolved it. With
          `--profile self-relocating` it is what firmware cannot apply to itself: a relocation that is not relative, whose
          place or address is outside of the file, or that changes the section with the entry point, which runs before.
          """,
        why: """
          `objcopy -O binary` drops relocations silently. The blob then holds link-time values and fails wherever it was not
          linked to run, often only on the one path that uses them. R_AARCH64_NONE entries count: a loader has to know the type.
          """,
        mend: """
          Address things with `adr` or `adrp`/`add`; store differences of labels, not labels; make symbols `.hidden` or
          build with `-fvisibility=hidden -fno-plt`; link objects with `-pie`.
          """)
    case .dynamicSection:
      Text(
        what: "PT_DYNAMIC, PT_INTERP, or loaded bytes of `.dynamic`, `.dynsym`, `.hash` or `.gnu.hash`.",
        why: """
          These tables are for a dynamic loader. Linked into a blob they take space, can land before its first instruction,
          and show that the link was not what it was meant to be.
          """,
        mend: "Link with `--no-dynamic-linker` and `/DISCARD/` the tables in the linker script.")
    case .gotOrPLT:
      Text(
        what: """
          A loaded `.got`, `.got.plt`, `.plt`, `.iplt` or `.igot` that is not empty. `--profile pie` also reports objects
          whose relocations ask for one, and so does a linked file with retained relocations, where a script may have put the
          GOT into another section; not where the linker has relaxed the load away, which the instruction shows.
          """,
        why: "A GOT holds addresses, which somebody has to fill in; a PLT jumps through it.",
        mend: """
          Declare the symbol `.hidden` and address it with `adr`. GNU ld makes a `.got` of 0x20 bytes under `-pie` whatever
          the objects hold: give it an output section of its own, `.got 0 (INFO) : { *(.got .got.plt) }`, which is not loaded.
          """)
    case .undefinedSymbol:
      Text(
        what: """
          An undefined symbol, weak ones too, in `.symtab`, in `.dynsym`, or in the dynamic table's symbols. With
          `--objects … --script …`, of the objects: GNU ld leaves undefined weak symbols out of what it links.
          """,
        why:
          "Nobody will define it. An undefined weak symbol links to 0, or to wherever the instruction stands.",
        mend: "Define it or remove the reference.")
    case .absoluteAddress:
      Text(
        what: """
          Bytes that depend on the address that the file is linked at: a retained relocation (`--emit-relocs`) of an
          absolute type against something that is not a constant, of a relative type against a constant, of an unknown type, or
          one half of a difference without the other; a distance from RISC-V's global pointer that the linker has made one from
          address 0; in a 64-bit file that is linked at 64 KiB or above, a word that is the address of something in it, whether a
          relocation tells or not; with `--objects … --script …`, bytes that differ between links at several bases, and what
          cannot be linked there.
          """,
        why: """
          A static link resolves absolute addresses silently. No relocation is left to count, and the blob runs only at the
          base that it was linked at.
          """,
        mend: "As for `dynamic-relocation`.")
    case .threadLocal:
      Text(
        what: "A thread-local section or segment, or a retained relocation of a thread-local type.",
        why: """
          Such variables are found by the thread pointer, and their first values are copied to where it points, by a C library
          that a blob does not have.
          """,
        mend: """
          Make it an ordinary variable. Where the blob sets the thread pointer up itself, `--allow thread-local`.
          """)
    case .flatLayout:
      Text(
        what: """
          Bytes that would not be where their code expects them once they are copied to the start of a page, as a flat file is:
          segments that are loaded further apart than they are linked (`AT(…)`), overlap, or are not in ascending order; memory
          without file bytes before bytes of the file; sections whose bytes no PT_LOAD loads; and page-relative code (`adrp`) in a
          file whose first byte is not at a multiple of 4 KiB. With `--flat OUT.bin --elf IN.elf`, a flat file that is not the
          ELF file's bytes, complete, in order and at their distances; what lies between and behind them may be filled.
          """,
        why: """
          `adrp` reaches the page of its target, and the low bits of the target's address are added to that. In a file that
          starts at 0x40080040 they are off by 0x40 as soon as it is copied to a page. The linker's own layout, whose
          first bytes are the ELF header, starts like that.
          """,
        mend: "Link with a script whose first byte is at `. = 0;`, and put everything where it is to run.")
    case .loadSegment:
      Text(
        what: """
          Not exactly one PT_LOAD; a base that is not a multiple of 4 KiB; loaded bytes or memory outside of it; bytes in it that
          no section has; more than 8192 bytes (`--max-size`) or 256 KiB of memory; an object file, but for one with a single
          section of bytes, aligned to pages; a file that is neither linked nor an object.
          """,
        why:
          "A flat blob is one piece of memory: what a second segment holds would have to be placed by somebody.",
        mend: """
          Link with a script that has one PT_LOAD and puts what has no file bytes last, such as
          [`purgatory.lds`](../purgatory/purgatory.lds).
          """)
    case .entry:
      Text(
        what: "An entry point that is not the first byte, or a segment that is not executable.",
        why: "Loaders of flat blobs jump to byte 0.", mend: "Put the entry first in the linker script.")
    case .infoSymbol:
      Text(
        what: """
          Not exactly one defined `purgatory_info`; not an object of 0x390 bytes, 8-byte aligned, wholly in the file's
          bytes, at their offset 0x40; a wrong magic, version or size in it, an access of the console that is not known, a
          `memory_size` that is not what the segment takes, or more than an object's sections do; contents that the purgatory would refuse: a `kernel_entry` that is not
          a multiple of 4, a console between two registers, or that no byte would ever leave by, a `result_addr` that is not a
          multiple of 8, a region that is not 16-byte aligned or wraps.
          """,
        why: "It is the one thing a loader looks up, and it writes all of the struct's bytes.",
        mend: """
          Include `purgatory_info.h`, define the struct once, fill it in with `purgatory build` or `patch`.
          """)
    case .wrongMachine:
      Text(
        what: "Not a 64-bit little-endian AArch64 file.",
        why: "It would be executed all the same. Relocations of other machines are counted nevertheless.",
        mend: "Build for `aarch64-none-elf`.")
    case .malformedELF:
      Text(
        what: """
          A file that cannot be read; that is neither an ELF file, nor an archive of them, nor a flat purgatory, but bitcode,
          GCC's intermediate code, a PE file, a thin archive; or whose headers, tables or strings lie outside the file, overlap,
          or contradict each other. A flat purgatory that is cut short, or whose code is
          not what its seal says. A purgatory whose arm64 Image header is damaged: `code0`
          has to branch to the code behind the struct, `text_offset` is 0, `image_size` is `memory_size` (in a bundle, covers all
          of it), `flags` are 8 and a page size, the reserved words 0. An archive without members, and with `--profile pie` a
          linked file with nothing to load: nothing of them is judged. It is exit status 2, and cannot be allowed.
          """,
        why: "What cannot be read cannot be vouched for.", mend: "Build or copy it again.")
    case .overlap:
      Text(
        what: """
          Two regions that share a byte, or a region and the purgatory itself, where it is known where that will be; or a console
          whose data register is in one of them.
          """,
        why:
          "One of the two will be overwritten, and while it verifies, the purgatory writes to its own memory and to the console.",
        mend: "Give each memory of its own.")
    case .entryOutsideRegions:
      Text(
        what: "A `kernel_entry` that lies in no region, though there are regions.",
        why: "The code that is entered would be the one thing that was not verified.",
        mend: "Verify the kernel, or correct `--kernel-entry`.")
    case .dtb:
      Text(
        what: """
          A `dtb_addr` that is not a multiple of 8, or a device tree of more than 2 MiB. `purgatory build` also checks that
          the file is a well-formed device tree.
          """,
        why: "Linux maps at most 2 MiB of it, and reads it with the MMU off.",
        mend: "Pass a flattened device tree at an 8-byte aligned address.")
    case .manifest:
      Text(
        what: """
          In an output folder of `purgatory build`, named by its path or by its `manifest.json`: a file whose size or SHA-256
          is not what the manifest says, that is not what its segment is called, or that cannot be where its segment is; two
          segments that share a byte; not exactly one purgatory, or one that is not flat; an `entry` that is not its first byte;
          and a region of the purgatory that no segment is loaded at, or whose digest is not that of the segment.
          """,
        why: """
          The purgatory would refuse to boot these files, or a loader would enter something else. Better to be told where the
          folder was made than by a machine that does not start.
          """,
        mend: """
          Build the folder again. To change fields of its purgatory, patch the folder: `purgatory patch out/` tells the
          manifest, of files that are what was built. `purgatory run --unverified` boots the files as they are, to see the
          purgatory refuse them.
          """)
    case .proof:
      Text(
        what: """
          A file that breaks no other rule, and that nothing proves to run at any base; and, as exit status 2 that cannot be
          allowed, links that were to prove it and could not be made. The default profile has this rule, `--require-proof` adds
          it to the others; without it such a file is `unproven`, which no format calls ok.
          """,
        why: """
          Of a linked file alone it cannot be seen. What `--emit-relocs` retains tells what objects asked for, but `QUAD(symbol)`
          in a linker script is an address without a relocation, `ABSOLUTE(.)` and ORIGIN + LENGTH are symbols that look like
          numbers, and where a script discards `.rela.*` a link with `-pie` leaves nothing behind at all.
          """,
        mend: """
          Let the tool link it: `purgatory check --profile pie FILE --objects OBJECT… --script SCRIPT` links at several bases,
          and proves the links and every FILE with the same bytes; where the script aligns to more than 4 KiB, at multiples of
          that, which a note says. A flat file is proven with its ELF file: `--flat OUT.bin --elf
          IN.elf`. A purgatory of `purgatory build` was linked so, and carries the SHA-256 of the code as its seal.
          """)
    }
  }
}
