package picture

import "encoding/binary"

const tagOrientation = 0x0112

// orientation finds how a camera was held in the first directory of EXIF data
// (a TIFF header, CIPA DC-008), 1 to 8. Data that makes no sense says 1.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(tiff[:4]) {
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	entries := int(order.Uint16(tiff[at:]))
	for e := tiff[at+2:]; entries > 0 && len(e) >= 12; e, entries = e[12:], entries-1 {
		if order.Uint16(e) != tagOrientation {
			continue
		}
		if o := int(order.Uint16(e[8:])); o >= 1 && o <= 8 {
			return o
		}
	}
	return 1
}
