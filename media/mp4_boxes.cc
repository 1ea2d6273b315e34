#include "media/mp4_boxes.h"
