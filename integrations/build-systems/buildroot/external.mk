include $(sort $(wildcard $(BR2_EXTERNAL_PURGATORY_PATH)/package/*/*.mk))
