import struct


def dosePerKilo(dose, kilos):
    per_kilo = dose / kilos if kilos > 0 else 0.0
    # rounded once at the end, not after each step
    return struct.unpack("f", struct.pack("f", per_kilo * 0.1))[0]
