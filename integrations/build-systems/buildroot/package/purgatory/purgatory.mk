################################################################################
#
# purgatory
#
################################################################################

# Nothing is downloaded, so there is no purgatory.hash: the command is that of
# the build machine.
PURGATORY_SOURCE =
PURGATORY_LICENSE = MIT
PURGATORY_DEPENDENCIES = linux
PURGATORY_INSTALL_TARGET = NO

define PURGATORY_CONFIGURE_CMDS
	@command -v purgatory >/dev/null || \
		{ echo "error: no purgatory in PATH of this machine" >&2; exit 1; }
endef

$(eval $(generic-package))

# As rootfs-initramfs: made of other images, at the end of every build, and not
# by the infrastructure for filesystems.
ROOTFS_PURGATORY_NAME = rootfs-purgatory
ROOTFS_PURGATORY_TYPE = rootfs
ROOTFS_PURGATORY_DEPENDENCIES = purgatory
ifeq ($(BR2_TARGET_ROOTFS_INITRAMFS),y)
ROOTFS_PURGATORY_DEPENDENCIES += rootfs-initramfs
else ifeq ($(BR2_TARGET_ROOTFS_CPIO),y)
ROOTFS_PURGATORY_DEPENDENCIES += rootfs-cpio
ROOTFS_PURGATORY_OPTIONS = \
	--initrd $(BINARIES_DIR)/rootfs.cpio$(ROOTFS_CPIO_COMPRESS_EXT)
endif
ifneq ($(call qstrip,$(BR2_PACKAGE_PURGATORY_CMDLINE)),)
ROOTFS_PURGATORY_OPTIONS += --cmdline $(BR2_PACKAGE_PURGATORY_CMDLINE)
endif
ROOTFS_PURGATORY_OPTIONS += $(call qstrip,$(BR2_PACKAGE_PURGATORY_OPTIONS))

rootfs-purgatory: $(ROOTFS_PURGATORY_DEPENDENCIES)
	@$(call MESSAGE,"Generating purgatory image")
	$(Q)purgatory build --kernel $(BINARIES_DIR)/Image \
		--dtb $(BINARIES_DIR)/$(call qstrip,$(BR2_PACKAGE_PURGATORY_DTB)) \
		$(ROOTFS_PURGATORY_OPTIONS) --output-dir $(BINARIES_DIR)/purgatory

rootfs-purgatory-show-depends:
	@echo $(ROOTFS_PURGATORY_DEPENDENCIES)

.PHONY: rootfs-purgatory rootfs-purgatory-show-depends

ifeq ($(BR2_PACKAGE_PURGATORY),y)
TARGETS_ROOTFS += rootfs-purgatory
endif
