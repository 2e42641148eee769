"""The short names that discovery messages may use, as far as what they name is read here."""

from typing import Any

_NAMES = {
    "act_t": "action_topic",
    "act_tpl": "action_template",
    "avty": "availability",
    "avty_mode": "availability_mode",
    "avty_t": "availability_topic",
    "avty_tpl": "availability_template",
    "bri_scl": "brightness_scale",
    "bri_stat_t": "brightness_state_topic",
    "bri_val_tpl": "brightness_value_template",
    "cmps": "components",
    "curr_hum_t": "current_humidity_topic",
    "curr_hum_tpl": "current_humidity_template",
    "curr_temp_t": "current_temperature_topic",
    "curr_temp_tpl": "current_temperature_template",
    "dev": "device",
    "dev_cla": "device_class",
    "ent_cat": "entity_category",
    "exp_aft": "expire_after",
    "fan_mode_stat_t": "fan_mode_state_topic",
    "fan_mode_stat_tpl": "fan_mode_state_template",
    "json_attr_t": "json_attributes_topic",
    "mode_stat_t": "mode_state_topic",
    "mode_stat_tpl": "mode_state_template",
    "o": "origin",
    "obj_id": "object_id",
    "ops": "options",
    "p": "platform",
    "pct_stat_t": "percentage_state_topic",
    "pct_val_tpl": "percentage_value_template",
    "pl_avail": "payload_available",
    "pl_not_avail": "payload_not_available",
    "pl_off": "payload_off",
    "pl_on": "payload_on",
    "pos_t": "position_topic",
    "pos_tpl": "position_template",
    "stat_cla": "state_class",
    "stat_off": "state_off",
    "stat_on": "state_on",
    "stat_t": "state_topic",
    "stat_tpl": "state_template",
    "stat_val_tpl": "state_value_template",
    "sug_dsp_prc": "suggested_display_precision",
    "t": "topic",
    "temp_stat_t": "temperature_state_topic",
    "temp_stat_tpl": "temperature_state_template",
    "temp_unit": "temperature_unit",
    "tilt_status_t": "tilt_status_topic",
    "tilt_status_tpl": "tilt_status_template",
    "uniq_id": "unique_id",
    "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template",
}
_DEVICE_NAMES = {
    "cns": "connections",
    "hw": "hw_version",
    "ids": "identifiers",
    "mdl": "model",
    "mdl_id": "model_id",
    "mf": "manufacturer",
    "sa": "suggested_area",
    "sn": "serial_number",
    "sw": "sw_version",
}
_BASE = "~"


def expanded(given: dict[str, Any]) -> dict[str, Any]:
    """Return a discovery message with names in full, and its base topic put in."""
    base = given.get(_BASE)
    return _expand(given, base if isinstance(base, str) else "")


def _expand(given: dict[str, Any], base: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for short, value in given.items():
        name = _NAMES.get(short, short)
        if short == _BASE or (name != short and name in given):
            continue  # the name in full wins
        found[name] = _with_base(name, value, base)
    device = found.get("device")
    if isinstance(device, dict):
        found["device"] = {_DEVICE_NAMES.get(name, name): one for name, one in device.items()}
    return found


def _with_base(name: str, value: Any, base: str) -> Any:
    if isinstance(value, str) and name.endswith("topic") and base:
        if value.startswith(_BASE):
            return base + value[1:]
        return value[:-1] + base if value.endswith(_BASE) else value
    if name == "availability" and isinstance(value, dict | list):
        entries = value if isinstance(value, list) else [value]
        return [_expand(one, base) for one in entries if isinstance(one, dict)]
    if name == "components" and isinstance(value, dict):
        return {key: _expand(one, base) for key, one in value.items() if isinstance(one, dict)}
    return value
