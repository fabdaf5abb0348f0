# purgatory.bb — deploys purgatory/, with a kexec purgatory that verifies kernel, device tree and initramfs
# SPDX-License-Identifier: MIT

SUMMARY = "A kexec purgatory that verifies this machine's kernel, device tree and initramfs"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

# Files of DEPLOY_DIR_IMAGE, and what `purgatory build` is told: set these in the machine's configuration, or in local.conf.
PURGATORY_KERNEL ?= "${KERNEL_IMAGETYPE}"
PURGATORY_DTB ?= "${@os.path.basename(((d.getVar('KERNEL_DEVICETREE') or '').split() or [''])[0])}"
# "${INITRAMFS_IMAGE}-${MACHINE}.cpio.gz", where the kernel does not have it in itself.
PURGATORY_INITRD ?= ""
PURGATORY_CMDLINE ?= ""
PURGATORY_OPTIONS ?= ""

COMPATIBLE_HOST = "aarch64.*-linux"
PACKAGE_ARCH = "${MACHINE_ARCH}"
INHIBIT_DEFAULT_DEPS = "1"

inherit deploy nopackages

do_compile[depends] += "virtual/kernel:do_deploy"
do_compile[depends] += "${@d.getVar('INITRAMFS_IMAGE') and d.expand('${INITRAMFS_IMAGE}:do_image_complete') or ''}"
do_compile[cleandirs] = "${B}/purgatory"
do_configure[noexec] = "1"
do_install[noexec] = "1"

do_compile() {
    command -v purgatory >/dev/null || bbfatal "purgatory is not installed on the build machine"
    set --
    if [ -n "${PURGATORY_INITRD}" ]; then
        set -- "$@" --initrd "${DEPLOY_DIR_IMAGE}/${PURGATORY_INITRD}"
    fi
    if [ -n "${PURGATORY_CMDLINE}" ]; then
        set -- "$@" --cmdline "${PURGATORY_CMDLINE}"
    fi
    purgatory build --kernel "${DEPLOY_DIR_IMAGE}/${PURGATORY_KERNEL}" --dtb "${DEPLOY_DIR_IMAGE}/${PURGATORY_DTB}" \
        "$@" ${PURGATORY_OPTIONS} --copy --output-dir "${B}/purgatory"
}

do_deploy() {
    cp -r "${B}/purgatory" "${DEPLOYDIR}/"
}
addtask deploy after do_compile before do_build
