// abi.go — what purgatory/include/purgatory_info.h says, in Go; abi_test.go holds the one against the other
// SPDX-License-Identifier: MIT

package purgatory

// The flat blob: a 64-byte arm64 Image header, then struct purgatory_info; its last 8 bytes are EndMagic.
const (
	InfoOffset  = 0x40
	InfoSize    = 0x390
	InfoVersion = 2
	InfoMagic   = "PURGINFO"
	EndMagic    = "PURGEND."
	EndSize     = 40 // the seal, which is a SHA-256, and EndMagic

	MaxRegions    = 16
	DigestSize    = 32
	LoadAlignment = 0x1000
	MaxFileSize   = 8192
	MaxMemorySize = 0x40000
)

// Bits of the field flags.
const (
	flagVerifyRegions  = 0x001
	flagVerifyCombined = 0x002
	flagRelative       = 0x004
	flagOnFailureShift = 8
	flagOnFailureMask  = 0x300
	flagPSCIHVC        = 0x400
)

// FailureAction is what the purgatory does when verification fails.
type FailureAction uint8

const (
	Halt     FailureAction = iota
	Reset                  // PSCI SYSTEM_RESET
	PowerOff               // PSCI SYSTEM_OFF
	Boot                   // boot anyway
)

// Conduit is the instruction that the purgatory tries first for a PSCI call; where nobody answers it tries the other.
type Conduit uint8

const (
	SMC Conduit = iota // a host
	HVC                // a guest
)

// Status is what the purgatory says of its own run.
type Status uint32

const (
	NotRun Status = iota
	Running
	Verified
	Skipped
	Mismatch
	Exception
	BadInfo
)

// FailedCombined stands for a region's number where it is the combined digest that differs.
const FailedCombined = 0xffffffff

// Bits of the verification's path.
const (
	PathCached = 1 // caches were on
	PathSHA2   = 2 // SHA-2 instructions were used
)

// Console describes how a UART takes a byte. The zero value is silent.
type Console struct {
	Base                              uint64 // MMIO address; 0: silent
	Access, Data, Status, Mask, Ready uint32
}

// uarts are those that are known by name.
var uarts = map[string]Console{
	"raw":         {},
	"pl011":       {Access: 4, Data: 0x00, Status: 0x18, Mask: 1 << 3, Ready: 0},
	"8250":        {Access: 1, Data: 0, Status: 5, Mask: 1 << 6, Ready: 1 << 6},
	"8250-mmio32": {Access: 4, Data: 0, Status: 5 * 4, Mask: 1 << 6, Ready: 1 << 6},
}

type region struct{ Base, Size uint64 }

// info is struct purgatory_info. All fields are little-endian.
type info struct {
	Magic         [8]byte
	Version       uint32
	Size          uint32
	KernelEntry   uint64
	DTBAddr       uint64
	Flags         uint64
	ConsoleBase   uint64
	ConsoleAccess uint32
	SkipChecks    uint32
	MemorySize    uint64
	Regions       [MaxRegions]region
	Digests       [MaxRegions][DigestSize]byte
	Digest        [DigestSize]byte
	Status        uint32
	FailedRegion  uint32
	VerifyTicks   uint64
	VerifyPath    uint64
	ResultAddr    uint64
	ConsoleData   uint32
	ConsoleStatus uint32
	ConsoleMask   uint32
	ConsoleReady  uint32
}
